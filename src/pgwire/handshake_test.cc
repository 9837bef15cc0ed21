#include "pgwire/handshake.h"

#include <gtest/gtest.h>

#include <string>

#include "pgwire/testing/md5_answer.h"
#include "pgwire/testing/wire_client.h"

namespace luma::pgwire {
namespace {

using Outcome = Handshake::Outcome;
using testing::Md5Answer;
using testing::RequestPacket;
using testing::StartupPacketOf;

constexpr int32_t kSsl = 80877103;
constexpr int32_t kGss = 80877104;

class HandshakeTest : public ::testing::Test {
 protected:
  HandshakeTest() {
    auth_.username = "luma";
    auth_.password = "secret";
    auth_.require_auth = true;
  }
  Outcome Send(std::string_view bytes) {
    if (!handshake_.has_value()) handshake_.emplace(auth_, std::vector<std::string>{"postgres"});
    input_.Append(bytes);
    return handshake_->Step(input_, output_);
  }
  // The salt of the challenge in output_.
  std::string Salt() const { return output_.substr(output_.size() - 4); }
  std::vector<std::string> Answers() { return testing::TakeAnswers(output_); }

  session::AuthConfig auth_;
  std::optional<Handshake> handshake_;
  FrameBuffer input_;
  std::string output_;
};

TEST_F(HandshakeTest, RightPasswordLogsIn) {
  ASSERT_EQ(Send(StartupPacketOf({{"user", "luma"}})), Outcome::kNeedInput);
  const std::string answer = Md5Answer("luma", "secret", Salt());
  EXPECT_EQ(Answers().at(0), "R 5");
  EXPECT_EQ(Send(testing::Password(answer)), Outcome::kLoggedIn);
  EXPECT_EQ(Answers().at(0), "R 0");
  EXPECT_EQ(handshake_->parameters().user, "luma");
}

TEST_F(HandshakeTest, WrongPasswordAndUnknownUserGetTheSameAnswer) {
  for (const std::string user : {"luma", "nobody"}) {
    handshake_.reset();
    ASSERT_EQ(Send(StartupPacketOf({{"user", user}, {"database", "postgres"}})),
              Outcome::kNeedInput);
    const std::string answer = Md5Answer(user, user == "luma" ? "wrong" : "secret", Salt());
    EXPECT_EQ(Answers().at(0), "R 5");
    EXPECT_EQ(Send(testing::Password(answer)), Outcome::kWrongPassword);
    EXPECT_EQ(Answers().at(0),
              "E FATAL 28P01 password authentication failed for user \"" + user + "\"");
  }
}

TEST_F(HandshakeTest, SaltIsFreshSoThatAReplayFails) {
  Send(StartupPacketOf({{"user", "luma"}}));
  const std::string first_salt = Salt();
  const std::string answer = Md5Answer("luma", "secret", first_salt);
  Answers();
  handshake_.reset();
  Send(StartupPacketOf({{"user", "luma"}}));
  EXPECT_NE(Salt(), first_salt);
  EXPECT_EQ(Send(testing::Password(answer)), Outcome::kWrongPassword);
}

TEST_F(HandshakeTest, TrustAsksForNothing) {
  auth_.method = session::AuthMethod::kTrust;
  EXPECT_EQ(Send(StartupPacketOf({{"user", "anybody"}})), Outcome::kLoggedIn);
  EXPECT_EQ(Answers().at(0), "R 0");
}

TEST_F(HandshakeTest, EncryptionIsRefusedAndTheClientMayGoOn) {
  EXPECT_EQ(Send(RequestPacket({kSsl})), Outcome::kNeedInput);
  EXPECT_EQ(Send(RequestPacket({kGss})), Outcome::kNeedInput);
  EXPECT_EQ(output_, "NN");
  output_.clear();
  EXPECT_EQ(Send(StartupPacketOf({{"user", "luma"}})), Outcome::kNeedInput);
  EXPECT_EQ(Answers().at(0), "R 5");
}

TEST_F(HandshakeTest, BytesStuffedBehindAnEncryptionRequestAreNotExecuted) {
  auth_.require_auth = false;
  EXPECT_EQ(Send(RequestPacket({kSsl}) + StartupPacketOf({{"user", "luma"}})), Outcome::kRefused);
  EXPECT_EQ(Answers().at(0), "E FATAL 08P01 received unencrypted data after SSL request");
}

TEST_F(HandshakeTest, EncryptionCanBeAskedForOnce) {
  EXPECT_EQ(Send(RequestPacket({kSsl})), Outcome::kNeedInput);
  EXPECT_EQ(Send(RequestPacket({kSsl})), Outcome::kRefused);
}

TEST_F(HandshakeTest, OtherMessagesBeforeTheLoginAreRefused) {
  for (const std::string& bytes : {testing::Query("select 1"), testing::Terminate(),
                                   testing::Parse("", "select 1") + testing::Sync()}) {
    handshake_.reset();
    input_ = FrameBuffer();
    Send(StartupPacketOf({{"user", "luma"}}));
    Answers();
    EXPECT_EQ(Send(bytes), Outcome::kRefused);
    EXPECT_TRUE(Answers().at(0).starts_with("E FATAL 08P01")) << bytes;
  }
}

TEST_F(HandshakeTest, LongPasswordMessagesAreRefusedByTheirLength) {
  Send(StartupPacketOf({{"user", "luma"}}));
  Answers();
  EXPECT_EQ(Send(testing::Password(std::string(70'000, 'x')).substr(0, 10)), Outcome::kRefused);
}

TEST_F(HandshakeTest, UnknownDatabaseIsRefusedAfterTheLogin) {
  Send(StartupPacketOf({{"user", "luma"}, {"database", "nope"}}));
  const std::string answer = Md5Answer("luma", "secret", Salt());
  Answers();
  EXPECT_EQ(Send(testing::Password(answer)), Outcome::kRefused);
  EXPECT_EQ(Answers().at(1), "E FATAL 3D000 database \"nope\" does not exist");
}

TEST_F(HandshakeTest, NewerMinorVersionIsNegotiatedDown) {
  auth_.require_auth = false;
  EXPECT_EQ(Send(StartupPacketOf({{"user", "luma"}, {"_pq_.x", "1"}}, 0x30002)),
            Outcome::kLoggedIn);
  const auto answers = Answers();
  EXPECT_EQ(answers.at(0), "v");
  EXPECT_EQ(answers.at(1), "R 0");
}

TEST_F(HandshakeTest, CancelRequestIsHandedOut) {
  EXPECT_EQ(Send(RequestPacket({80877102, 3, 4})), Outcome::kCancel);
  EXPECT_EQ(handshake_->cancel_request().process_id, 3);
  EXPECT_EQ(handshake_->cancel_request().secret, 4);
  EXPECT_EQ(output_, "");
}

}  // namespace
}  // namespace luma::pgwire
