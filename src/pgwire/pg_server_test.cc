// The server over loopback sockets, with a made-up SQL layer.
#include "pgwire/pg_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "pgwire/testing/fake_database.h"
#include "pgwire/testing/md5_answer.h"
#include "pgwire/testing/test_socket.h"

namespace luma::pgwire {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::Query;
using ::testing::StartsWith;
using testing::StartupPacketOf;
using testing::TestSocket;
using namespace std::string_view_literals;

constexpr int32_t kCancelCode = 80877102;

class FakeAdmission final : public session::AdmissionPolicy {
 public:
  Status OnConnect(std::string_view address) override {
    EXPECT_EQ(address, "127.0.0.1");
    ++connects;
    return banned ? Status::TooManyRequests("banned") : Status::Ok();
  }
  void OnAuthFailure(std::string_view) override { ++failures; }
  std::atomic<int> connects{0};
  std::atomic<int> failures{0};
  std::atomic<bool> banned{false};
};

class PgServerTest : public ::testing::Test {
 protected:
  void Start(PgServerOptions options = {}) {
    options.port = 0;
    auto server = PgServer::Start({loop_, workers_, database_, budget_, &admission_}, options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  TestSocket Connect() { return TestSocket(server_->port()); }
  TestSocket LogIn(std::string* key = nullptr) {
    TestSocket socket = Connect();
    socket.Send(StartupPacketOf({{"user", "luma"}}));
    std::string bytes;
    std::vector<std::string> answers;
    while (answers.empty() || answers.back() != "Z I") {
      const std::string more = socket.ReadBytes(1);
      if (more.empty()) break;
      bytes += more;
      if (key != nullptr && bytes.find("K\0\0\0\x0c"sv) != std::string::npos) {
        *key = bytes.substr(bytes.find("K\0\0\0\x0c"sv) + 5, 8);
      }
      std::string rest = bytes;
      answers = testing::TakeAnswers(rest);
    }
    return socket;
  }

  net::EventLoop loop_{1};
  testing::FakeDatabase database_;
  net::WorkerPool workers_{4, 1000};
  storage::MemoryBudget budget_{1 << 30};
  FakeAdmission admission_;
  std::unique_ptr<PgServer> server_;
};

TEST_F(PgServerTest, QueriesAreAnswered) {
  Start();
  TestSocket socket = LogIn();
  EXPECT_THAT(socket.Ask(Query("select 7")), ElementsAre("T n:23", "D 7", "C SELECT 1", "Z I"));
}

TEST_F(PgServerTest, LoginAloneMakesNoSqlConnection) {
  Start();
  TestSocket socket = LogIn();
  EXPECT_EQ(database_.connections, 0);
  socket.Ask(Query("select 1"));
  EXPECT_EQ(database_.connections, 1);
}

TEST_F(PgServerTest, PasswordsAreCheckedAndFailuresCounted) {
  PgServerOptions options;
  options.auth.require_auth = true;
  options.auth.password = "secret";
  Start(options);
  for (const std::string password : {"secret", "wrong"}) {
    TestSocket socket = Connect();
    socket.Send(StartupPacketOf({{"user", "luma"}}));
    const std::string challenge = socket.ReadBytes(13);
    socket.Send(testing::Password(testing::Md5Answer("luma", password, challenge.substr(9))));
    const auto answers = socket.ReadUpTo("Z");
    if (password == "secret") {
      EXPECT_EQ(answers.back(), "Z I");
    } else {
      EXPECT_THAT(answers, ElementsAre(StartsWith("E FATAL 28P01")));
    }
  }
  EXPECT_EQ(admission_.connects, 2);
  EXPECT_EQ(admission_.failures, 1);
}

TEST_F(PgServerTest, BannedAddressesAreToldAndClosed) {
  Start();
  admission_.banned = true;
  TestSocket socket = Connect();
  EXPECT_THAT(socket.ReadUpTo("E"), ElementsAre("E FATAL 53300 banned"));
  EXPECT_TRUE(socket.IsClosedByServer());
}

TEST_F(PgServerTest, TooManySessionsAreRefused) {
  PgServerOptions options;
  options.sessions_max = 2;
  Start(options);
  TestSocket first = LogIn();
  TestSocket second = LogIn();
  TestSocket third = Connect();
  third.Send(StartupPacketOf({{"user", "luma"}}));
  EXPECT_THAT(third.ReadUpTo("E"), Contains("E FATAL 53300 sorry, too many clients already"));
  EXPECT_EQ(server_->session_count(), 2u);
}

TEST_F(PgServerTest, IdleSocketsDoNotShutOutClients) {
  PgServerOptions options;
  options.unauthenticated_max = 20;
  options.sessions_max = 5;
  Start(options);
  std::vector<TestSocket> idle;
  for (int i = 0; i < 100; ++i) {
    idle.push_back(Connect());
    idle.back().Send("\0"sv);
  }
  TestSocket socket = LogIn();
  EXPECT_THAT(socket.Ask(Query("select 1")), Contains("D 1"));
  EXPECT_TRUE(idle.front().IsClosedByServer());
}

TEST_F(PgServerTest, LoginMustEndInTime) {
  PgServerOptions options;
  options.authentication_timeout = std::chrono::milliseconds(100);
  Start(options);
  TestSocket silent = Connect();
  TestSocket slow = Connect();
  slow.Send(StartupPacketOf({{"user", "luma"}}).substr(0, 5));
  EXPECT_TRUE(silent.IsClosedByServer());
  EXPECT_TRUE(slow.IsClosedByServer());
  TestSocket socket = LogIn();
  EXPECT_THAT(socket.Ask(Query("select 1")), Contains("D 1"));
}

TEST_F(PgServerTest, CancelRequestsReachTheirSessionAlone) {
  Start();
  std::string key;
  TestSocket socket = LogIn(&key);
  ASSERT_EQ(key.size(), 8u);
  socket.Send(Query("sleep"));
  while (database_.sleeping == 0) std::this_thread::yield();

  const auto cancel = [&](std::string_view with_key) {
    std::string body;
    WireWriter writer(body);
    writer.Int32(kCancelCode);
    writer.Raw(with_key);
    TestSocket other = Connect();
    other.Send(testing::Packet(body));
    EXPECT_TRUE(other.IsClosedByServer());
  };
  std::string wrong = key;
  wrong.back() = static_cast<char>(wrong.back() ^ 1);
  cancel(wrong);
  EXPECT_EQ(database_.sleeping, 1);
  cancel(key);
  EXPECT_THAT(socket.ReadUpTo("Z"),
              ElementsAre("E ERROR 57014 canceling statement due to user request", "Z I"));
}

TEST_F(PgServerTest, StatementsOfClientsThatLeftAreCancelled) {
  Start();
  {
    TestSocket socket = LogIn();
    socket.Send(Query("sleep"));
    while (database_.sleeping == 0) std::this_thread::yield();
  }
  while (database_.sleeping > 0) std::this_thread::yield();
  while (server_->session_count() > 0) std::this_thread::yield();
}

TEST_F(PgServerTest, TransactionsOfSilentClientsEndWhenTheirTimeIsOver) {
  Start();
  TestSocket patient = LogIn();
  patient.Ask(Query("begin; insert 2"));
  TestSocket socket = LogIn();
  socket.Ask(Query("set idle_in_transaction_session_timeout 1ms"));
  socket.Ask(Query("begin; insert 3"));
  EXPECT_THAT(socket.ReadUpTo("E"), ElementsAre(StartsWith("E FATAL 25P03")));
  EXPECT_TRUE(socket.IsClosedByServer());
  EXPECT_THAT(patient.Ask(Query("commit")), ElementsAre("C COMMIT", "Z I"));
  EXPECT_EQ(database_.committed, 2);
}

// Goal: a client that does not read holds neither a worker nor much memory.
// Method: more such clients than workers ask for a gigabyte each; another one is served.
TEST_F(PgServerTest, SlowReadersHoldNoWorkers) {
  Start();
  std::vector<TestSocket> slow;
  for (int i = 0; i < 8; ++i) {
    slow.push_back(LogIn());
    slow.back().Send(Query("wide 1000000 1000"));
  }
  TestSocket socket = LogIn();
  for (int i = 0; i < 10; ++i) EXPECT_THAT(socket.Ask(Query("select 1")), Contains("D 1"));
  constexpr uint64_t kBytesPerBatch = 100 * 1000;
  EXPECT_LT(database_.batches_made * kBytesPerBatch, 8 * (16u << 20));
}

TEST_F(PgServerTest, UnfinishedMessagesAreBoundedTogether) {
  PgServerOptions options;
  options.input_bytes_max = 1 << 20;
  Start(options);
  TestSocket socket = LogIn();
  const std::string message = Query(std::string(4 << 20, ' '));
  socket.Send(message.substr(0, 3 << 20));
  EXPECT_THAT(socket.ReadUpTo("E"), Contains(StartsWith("E FATAL 53200")));
  EXPECT_TRUE(socket.IsClosedByServer());
  TestSocket other = LogIn();
  EXPECT_THAT(other.Ask(Query("select 1")), Contains("D 1"));
  EXPECT_EQ(budget_.booked_bytes(storage::BudgetUse::kSockets), 0u);
}

TEST_F(PgServerTest, HostileBytesEndTheirConnectionOnly) {
  Start();
  const std::string startup = StartupPacketOf({{"user", "luma"}});
  for (const std::string& bytes :
       {std::string(100, '\0'), std::string(100, '\xff'), std::string("GET / HTTP/1.1\r\n\r\n"),
        startup + "Q\xff\xff\xff\xff", startup + std::string("?\0\0\0\4", 5)}) {
    TestSocket socket = Connect();
    socket.Send(bytes);
    EXPECT_TRUE(socket.IsClosedByServer());
  }
  TestSocket socket = LogIn();
  EXPECT_THAT(socket.Ask(Query("select 1")), Contains("D 1"));
}

TEST_F(PgServerTest, PipelinedQueriesAreAnsweredInOrder) {
  Start();
  TestSocket socket = LogIn();
  std::string bytes;
  for (int i = 0; i < 2000; ++i) bytes += Query("select " + std::to_string(i));
  std::thread sender([&] { socket.Send(bytes); });
  int next = 0;
  while (next < 2000) {
    for (const std::string& answer : socket.ReadUpTo("Z")) {
      if (answer.starts_with("D")) EXPECT_EQ(answer, "D " + std::to_string(next++));
    }
  }
  sender.join();
}

TEST_F(PgServerTest, StopTellsIdleClientsAndLetsTransactionsEnd) {
  Start();
  TestSocket idle = LogIn();
  TestSocket busy = LogIn();
  busy.Ask(Query("begin; insert 3"));
  std::thread stopper([&] { server_->Stop(std::chrono::seconds(30)); });
  EXPECT_THAT(idle.ReadUpTo("E"),
              ElementsAre("E FATAL 57P01 terminating connection due to administrator command"));
  EXPECT_THAT(busy.Ask(Query("commit")), ElementsAre("C COMMIT", "Z I"));
  EXPECT_THAT(busy.ReadUpTo("E"), ElementsAre(StartsWith("E FATAL 57P01")));
  busy.Close();
  idle.Close();
  stopper.join();
  EXPECT_EQ(database_.committed, 3);
}

TEST_F(PgServerTest, StopWithoutPatienceCancelsWhatRuns) {
  Start();
  TestSocket socket = LogIn();
  socket.Send(Query("sleep"));
  while (database_.sleeping == 0) std::this_thread::yield();
  std::thread stopper([&] { server_->Stop(std::chrono::milliseconds(0)); });
  EXPECT_THAT(socket.ReadUpTo("E FATAL"), Contains(StartsWith("E FATAL 57P01")));
  stopper.join();
}

TEST_F(PgServerTest, StopDoesNotWaitForClientsThatDoNotRead) {
  PgServerOptions options;
  options.engine.out_bytes_mark = 256 << 20;  // all rows wait until "sleep" is cancelled
  Start(options);
  TestSocket socket = LogIn();
  socket.Send(Query("wide 50000 1000; sleep"));
  while (database_.sleeping == 0) std::this_thread::yield();
  server_->Stop(std::chrono::milliseconds(0));
  EXPECT_TRUE(socket.IsClosedByServer());
}

// The patience is far beyond the time a test may take.
TEST_F(PgServerTest, StopDoesNotWaitForTransactionsOfClientsThatLeft) {
  Start();
  TestSocket busy = LogIn();
  TestSocket idle = LogIn();
  busy.Ask(Query("begin; insert 3"));
  std::thread stopper([&] { server_->Stop(std::chrono::hours(1)); });
  idle.ReadUpTo("E");  // by now both know that they are to end
  idle.Close();
  busy.Close();
  stopper.join();
  EXPECT_EQ(database_.committed, 0);
}

}  // namespace
}  // namespace luma::pgwire
