// Framing, startup packets and the decoders of client messages.
#include <gtest/gtest.h>

#include <string>

#include "pgwire/frame_buffer.h"
#include "pgwire/frontend_messages.h"
#include "pgwire/startup_packet.h"
#include "pgwire/testing/wire_client.h"

namespace luma::pgwire {
namespace {

std::string WithLength(uint32_t length, std::string_view rest) {
  std::string bytes;
  WireWriter writer(bytes);
  writer.Int32(static_cast<int32_t>(length));
  writer.Raw(rest);
  return bytes;
}

TEST(FrameBufferTest, MessagesComeOutHoweverTheBytesAreSplit) {
  const std::string bytes = testing::Query("select 1") + testing::Sync();
  for (size_t piece = 1; piece <= bytes.size(); ++piece) {
    FrameBuffer buffer;
    std::string types;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      buffer.Append(std::string_view(bytes).substr(at, piece));
      while (buffer.HasMessage(100)) types.push_back((*buffer.Next(100))->type);
    }
    EXPECT_EQ(types, "QS") << "piece=" << piece;
    EXPECT_EQ(buffer.unread_bytes(), 0u);
  }
}

TEST(FrameBufferTest, BadLengthsAreErrorsBeforeTheBodyArrives) {
  for (const uint32_t length : {0u, 3u, 105u, 0x7fffffffu, 0xffffffffu}) {
    FrameBuffer buffer;
    buffer.Append("Q" + WithLength(length, ""));
    EXPECT_TRUE(buffer.HasMessage(100));
    EXPECT_EQ(buffer.Next(100).status().sqlstate(), "08P01") << length;
  }
}

TEST(FrameBufferTest, StartupLengthsOutsideTheLimitsAreErrors) {
  for (const uint32_t length : {0u, 4u, 7u, 10001u, 0xffffffffu}) {
    FrameBuffer buffer;
    buffer.Append(WithLength(length, ""));
    EXPECT_FALSE(buffer.NextStartupPacket().ok()) << length;
  }
}

TEST(FrameBufferTest, MemoryFollowsWhatArrivedAndIsGivenBack) {
  FrameBuffer buffer;
  buffer.Append("Q" + WithLength(60 << 20, "abc"));
  EXPECT_LT(buffer.memory_bytes(), 100u);
  buffer.Append(std::string(1 << 20, 'x'));
  EXPECT_LT(buffer.memory_bytes(), 4u << 20);
  FrameBuffer read;
  read.Append(testing::Query(std::string(1 << 20, 'x')));
  EXPECT_TRUE(read.Next(2 << 20).ok());
  read.ReleaseMemory();
  EXPECT_LT(read.memory_bytes(), 2048u);
}

TEST(FrameBufferTest, AMessageIsNotCopiedForEachPieceOfIt) {
  FrameBuffer buffer;
  buffer.Append("Q" + WithLength(60 << 20, ""));
  int moves = 0;
  for (int i = 0; i < 1000; ++i) {
    const size_t memory_bytes = buffer.memory_bytes();
    buffer.ReleaseMemory();
    buffer.Append(std::string(1000, 'x'));
    if (buffer.memory_bytes() != memory_bytes) ++moves;
  }
  EXPECT_LT(moves, 20);
}

std::string_view BodyOf(const std::string& packet) { return std::string_view(packet).substr(4); }

TEST(StartupPacketTest, ParametersAreRead) {
  const std::string packet = testing::StartupPacketOf({{"user", "ann"},
                                                       {"database", "metrics"},
                                                       {"application_name", "psql"},
                                                       {"options", "-c a=1 --b-c=x\\ y -cd=2"},
                                                       {"TimeZone", "UTC"}});
  const auto parsed = ParseStartupPacket(BodyOf(packet));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const auto& parameters = std::get<StartupParameters>(*parsed);
  EXPECT_EQ(parameters.user, "ann");
  EXPECT_EQ(parameters.database, "metrics");
  EXPECT_EQ(parameters.application_name, "psql");
  const std::vector<std::pair<std::string, std::string>> settings = {
      {"a", "1"}, {"b_c", "x y"}, {"d", "2"}, {"TimeZone", "UTC"}};
  EXPECT_EQ(parameters.settings, settings);
}

TEST(StartupPacketTest, DatabaseIsTheUserUnlessNamed) {
  const std::string packet = testing::StartupPacketOf({{"user", "ann"}});
  EXPECT_EQ(std::get<StartupParameters>(*ParseStartupPacket(BodyOf(packet))).database, "ann");
}

TEST(StartupPacketTest, RequestsAreTold) {
  EXPECT_TRUE(std::holds_alternative<SslRequest>(
      *ParseStartupPacket(BodyOf(testing::RequestPacket({80877103})))));
  EXPECT_TRUE(std::holds_alternative<GssEncryptionRequest>(
      *ParseStartupPacket(BodyOf(testing::RequestPacket({80877104})))));
  const auto cancel = ParseStartupPacket(BodyOf(testing::RequestPacket({80877102, 7, 9})));
  EXPECT_EQ(std::get<CancelRequest>(*cancel).process_id, 7);
  EXPECT_EQ(std::get<CancelRequest>(*cancel).secret, 9);
}

TEST(StartupPacketTest, MalformedOnesHaveTheSqlStateOfPostgres) {
  const auto state = [](const std::string& packet) {
    const auto parsed = ParseStartupPacket(BodyOf(packet));
    return parsed.ok() ? "ok" : std::string(parsed.status().sqlstate());
  };
  const std::string version = testing::RequestPacket({196608}).substr(4);
  EXPECT_EQ(state(testing::Packet(version)), "08P01");
  EXPECT_EQ(state(testing::Packet(version + "user")), "08P01");
  EXPECT_EQ(state(testing::Packet(version + std::string("user\0x", 6))), "08P01");
  EXPECT_EQ(state(testing::Packet(version + std::string("user\0x\0\0z", 9))), "08P01");
  EXPECT_EQ(state(testing::StartupPacketOf({{"database", "x"}})), "28000");
  EXPECT_EQ(state(testing::StartupPacketOf({{"user", "x"}}, 0x20000)), "0A000");
  EXPECT_EQ(state(testing::StartupPacketOf({{"user", "x"}, {"replication", "true"}})), "0A000");
  EXPECT_EQ(state(testing::StartupPacketOf({{"user", "x"}, {"options", "-W"}})), "42601");
  EXPECT_EQ(state(testing::RequestPacket({80877102, 7})), "08P01");
}

std::string_view MessageBody(const std::string& message) {
  return std::string_view(message).substr(5);
}

TEST(FrontendMessagesTest, BindIsRead) {
  const std::string bytes = testing::Bind("p", "s", {{"abc", std::nullopt, ""}, {0, 1, 1}, {1}});
  const auto bind = DecodeBind(MessageBody(bytes));
  ASSERT_TRUE(bind.ok());
  EXPECT_EQ(bind->portal_name, "p");
  EXPECT_EQ(bind->statement_name, "s");
  EXPECT_EQ(bind->parameter_formats, (std::vector<int16_t>{0, 1, 1}));
  ASSERT_EQ(bind->parameters.size(), 3u);
  EXPECT_EQ(bind->parameters[0], "abc");
  EXPECT_EQ(bind->parameters[1], std::nullopt);
  EXPECT_EQ(bind->parameters[2], "");
  EXPECT_EQ(bind->result_formats, (std::vector<int16_t>{1}));
}

TEST(FrontendMessagesTest, EveryPrefixOfAMessageIsMalformed) {
  const std::string bind = testing::Bind("p", "s", {{"abc", "d"}, {0, 1}, {1}});
  const std::string parse = testing::Parse("s", "select $1", {23, 25});
  const std::string execute = testing::Execute("p", 5);
  for (size_t size = 5; size < bind.size(); ++size) {
    EXPECT_FALSE(DecodeBind(MessageBody(bind.substr(0, size))).ok()) << size;
  }
  for (size_t size = 5; size < parse.size(); ++size) {
    EXPECT_FALSE(DecodeParse(MessageBody(parse.substr(0, size))).ok()) << size;
  }
  for (size_t size = 5; size < execute.size(); ++size) {
    EXPECT_FALSE(DecodeExecute(MessageBody(execute.substr(0, size))).ok()) << size;
  }
}

TEST(FrontendMessagesTest, NegativeLengthsAndTrailingBytesAreMalformed) {
  EXPECT_FALSE(DecodeBind(std::string("\0\0\0\0\0\1\xff\xff\xff\xf9\0\0", 12)).ok());
  EXPECT_FALSE(DecodeText(std::string("a\0b", 3)).ok());
  EXPECT_FALSE(DecodeTarget(std::string("Xa\0", 3)).ok());
}

}  // namespace
}  // namespace luma::pgwire
