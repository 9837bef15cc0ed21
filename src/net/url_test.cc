#include "net/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::net {
namespace {

using testing::ElementsAre;

TEST(UrlTest, DecodesAndRefusesBadEscapes) {
  EXPECT_EQ(PercentDecode("a%20b+c%C3%A9", false), "a b+c\xc3\xa9");
  EXPECT_EQ(PercentDecode("a+b", true), "a b");
  for (const std::string_view bad : {"%", "%4", "%zz", "a%2"}) {
    EXPECT_EQ(PercentDecode(bad, false), std::nullopt) << bad;
  }
}

TEST(UrlTest, AddressesOfIpv6GetBrackets) {
  EXPECT_EQ(HostAndPort("::1", 9090), "[::1]:9090");
  EXPECT_EQ(HostAndPort("127.0.0.1", 80), "127.0.0.1:80");
}

TEST(UrlTest, EncodingIsUndoneByDecoding) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(PercentDecode(PercentEncode(all), false), all);
}

TEST(UrlTest, PasswordsAreTakenOut) {
  EXPECT_EQ(WithoutPassword("http://u:geheim@h:1/x?y#z"), "http://u:xxxxx@h:1/x?y#z");
  EXPECT_EQ(WithoutPassword("https://u:a@b:c@h"), "https://u:xxxxx@h");
  EXPECT_EQ(WithoutPassword("http://u:geheim@[::1]:1"), "http://u:xxxxx@[::1]:1");
  EXPECT_EQ(WithoutPassword("http://u:p/w#d?@h/ a@b"), "http://u:xxxxx@h/ a@b");
  for (const char* url : {"http://h:1/a@b", "http://h/a:b@c", "http://[::1]/a@b", "http://u@h:1/",
                          "http://[::1]:1/", "u:p@h", "://", ""}) {
    EXPECT_EQ(WithoutPassword(url), url);
  }
}

TEST(FormFieldsTest, KeepsRepeatsInOrder) {
  const FormFields form = *FormFields::Parse("match[]=a&x=&match%5B%5D=b+c&&flag");
  EXPECT_THAT(form.GetAll("match[]"), ElementsAre("a", "b c"));
  EXPECT_EQ(form.Get("match[]"), "a");
  EXPECT_TRUE(form.Has("x"));
  EXPECT_TRUE(form.Has("flag"));
  EXPECT_FALSE(form.Has("y"));
  EXPECT_FALSE(FormFields::Parse("a=%").has_value());
}

}  // namespace
}  // namespace luma::net
