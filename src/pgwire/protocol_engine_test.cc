// The protocol after login, message by message, over a made-up SQL layer.
#include "pgwire/protocol_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "pgwire/testing/fake_database.h"
#include "pgwire/testing/wire_client.h"

namespace luma::pgwire {
namespace {

using testing::Bind;
using testing::Close;
using testing::CopyData;
using testing::CopyDone;
using testing::CopyFail;
using testing::Describe;
using ::testing::ElementsAre;
using testing::Execute;
using testing::FakeDatabase;
using testing::Flush;
using testing::Parse;
using testing::Query;
using testing::Sync;
using Answers = std::vector<std::string>;
using Outcome = ProtocolEngine::Outcome;

class ProtocolEngineTest : public ::testing::Test {
 protected:
  ProtocolEngineTest() { Open({}, {}); }

  void Open(EngineLimits limits, session::SessionLimits session_limits) {
    engine_.reset();
    session_ =
        std::make_unique<session::Session>(database_, sql::ConnectionOptions(), session_limits);
    engine_ = std::make_unique<ProtocolEngine>(*session_, limits);
  }
  // Sends `bytes` and returns what the client gets before more input is wanted.
  Answers Send(std::string_view bytes) {
    engine_->input().Append(bytes);
    do {
      outcome_ = engine_->Step();
      if (outcome_ != Outcome::kNeedInput) received_ += std::exchange(engine_->output(), "");
    } while (outcome_ == Outcome::kSendOutput);
    return testing::TakeAnswers(received_);
  }
  std::string Extended(std::string_view text) {
    return Parse("", text) + Bind("", "") + Execute("");
  }

  FakeDatabase database_;
  std::unique_ptr<session::Session> session_;
  std::unique_ptr<ProtocolEngine> engine_;
  Outcome outcome_ = Outcome::kNeedInput;
  std::string received_;
};

// -- Simple protocol

TEST_F(ProtocolEngineTest, SelectIsDescribedAndAnswered) {
  EXPECT_THAT(Send(Query("select 7")), ElementsAre("T n:23", "D 7", "C SELECT 1", "Z I"));
}

TEST_F(ProtocolEngineTest, EmptyQueryHasItsAnswer) {
  EXPECT_THAT(Send(Query("")), ElementsAre("I", "Z I"));
  EXPECT_THAT(Send(Query(" ; ;")), ElementsAre("I", "Z I"));
}

TEST_F(ProtocolEngineTest, AnswersDoNotDependOnHowBytesAreSplit) {
  const std::string bytes = Query("select 1") + Query("begin") + Extended("select 2") + Sync();
  const Answers expected = Send(bytes);
  Open({}, {});
  Answers answers;
  for (const char byte : bytes) {
    for (const std::string& answer : Send(std::string_view(&byte, 1))) answers.push_back(answer);
  }
  EXPECT_EQ(answers, expected);
}

TEST_F(ProtocolEngineTest, InsertIsCommittedAndCounted) {
  EXPECT_THAT(Send(Query("insert 3")), ElementsAre("C INSERT 0 3", "Z I"));
  EXPECT_EQ(database_.committed, 3);
}

TEST_F(ProtocolEngineTest, SeveralStatementsAreOneTransaction) {
  EXPECT_THAT(Send(Query("insert 1; insert 2; total")),
              ElementsAre("C INSERT 0 1", "C INSERT 0 2", "T n:20", "D 3", "C SELECT 1", "Z I"));
  EXPECT_EQ(database_.committed, 3);
}

TEST_F(ProtocolEngineTest, AnErrorRollsBackAllStatementsOfTheMessageAndSkipsTheRest) {
  EXPECT_THAT(Send(Query("insert 1; fail; insert 2")),
              ElementsAre("C INSERT 0 1", "E ERROR 22003 it failed H=do not do that P=12", "Z I"));
  EXPECT_EQ(database_.committed, 0);
}

TEST_F(ProtocolEngineTest, BeginInsideAMessageOutlivesIt) {
  EXPECT_THAT(Send(Query("insert 1; begin; insert 2")),
              ElementsAre("C INSERT 0 1", "C BEGIN", "C INSERT 0 2", "Z T"));
  EXPECT_EQ(database_.committed, 0);
  EXPECT_THAT(Send(Query("commit")), ElementsAre("C COMMIT", "Z I"));
  EXPECT_EQ(database_.committed, 3);
}

TEST_F(ProtocolEngineTest, CommitInsideAMessageKeepsWhatWentBefore) {
  EXPECT_THAT(
      Send(Query("insert 1; commit; insert 2; fail")),
      ElementsAre("C INSERT 0 1", "N WARNING 25P01 there is no transaction in progress", "C COMMIT",
                  "C INSERT 0 2", "E ERROR 22003 it failed H=do not do that P=30", "Z I"));
  EXPECT_EQ(database_.committed, 1);
}

TEST_F(ProtocolEngineTest, FailedTransactionRefusesAllButItsEnd) {
  EXPECT_THAT(Send(Query("begin")), ElementsAre("C BEGIN", "Z T"));
  EXPECT_THAT(Send(Query("fail")).back(), "Z E");
  const std::string refusal =
      "E ERROR 25P02 current transaction is aborted, commands ignored until end of transaction "
      "block";
  EXPECT_THAT(Send(Query("select 1")), ElementsAre(refusal, "Z E"));
  EXPECT_THAT(Send(Parse("", "select 1") + Sync()), ElementsAre(refusal, "Z E"));
  EXPECT_THAT(Send(Query("commit")), ElementsAre("C ROLLBACK", "Z I"));
}

TEST_F(ProtocolEngineTest, TransactionStatementsInTheWrongPlaceWarn) {
  EXPECT_THAT(
      Send(Query("commit")),
      ElementsAre("N WARNING 25P01 there is no transaction in progress", "C COMMIT", "Z I"));
  Send(Query("begin"));
  EXPECT_THAT(
      Send(Query("begin")),
      ElementsAre("N WARNING 25001 there is already a transaction in progress", "C BEGIN", "Z T"));
  EXPECT_THAT(Send(Query("rollback")), ElementsAre("C ROLLBACK", "Z I"));
}

TEST_F(ProtocolEngineTest, SyntaxErrorsHaveAPosition) {
  EXPECT_THAT(Send(Query("a syntax")), ElementsAre("E ERROR 42601 syntax error P=8", "Z I"));
}

TEST_F(ProtocolEngineTest, AnErrorAfterRowsEndsTheResult) {
  const Answers answers = Send(Query("breakoff 2"));
  EXPECT_THAT(answers, ElementsAre("T n:20", "D 1", "D 2", "E ERROR 22003 broke off", "Z I"));
}

TEST_F(ProtocolEngineTest, TextThatIsNotUtf8IsRefused) {
  EXPECT_THAT(Send(Query("select '\xff'")),
              ElementsAre("E ERROR 22021 invalid byte sequence for encoding \"UTF8\"", "Z I"));
}

TEST_F(ProtocolEngineTest, FunctionCallsAreRefused) {
  EXPECT_THAT(Send(testing::Message('F', "anything")),
              ElementsAre("E ERROR 0A000 function call messages are not supported", "Z I"));
}

TEST_F(ProtocolEngineTest, UnknownMessagesEndTheConnection) {
  EXPECT_THAT(Send(testing::Message('?', "")),
              ElementsAre("E FATAL 08P01 invalid frontend message type 63"));
  EXPECT_EQ(outcome_, Outcome::kClose);
}

TEST_F(ProtocolEngineTest, TerminateEndsTheConnectionWithoutAWord) {
  EXPECT_THAT(Send(testing::Terminate()), ElementsAre());
  EXPECT_EQ(outcome_, Outcome::kClose);
}

TEST_F(ProtocolEngineTest, ChangedSettingsAreReported) {
  EXPECT_THAT(Send(Query("set TimeZone Europe/Berlin")).front(), "C SET");
}

TEST_F(ProtocolEngineTest, GreetingTellsParametersKeyAndReadiness) {
  StartupParameters parameters;
  parameters.user = "ann";
  parameters.application_name = "psql";
  parameters.settings = {{"TimeZone", "Europe/Berlin"}, {"client_encoding", "'utf-8'"}};
  ASSERT_TRUE(engine_->Greet(parameters, {7, 9}));
  const Answers answers = testing::TakeAnswers(engine_->output());
  EXPECT_THAT(answers,
              ::testing::IsSupersetOf({"S application_name=psql", "S client_encoding=UTF8",
                                       "S TimeZone=Europe/Berlin", "S server_encoding=UTF8",
                                       "S session_authorization=ann", "K", "Z I"}));
  EXPECT_THAT(Send(Query("set TimeZone UTC")), ElementsAre("C SET", "S TimeZone=UTC", "Z I"));
  EXPECT_THAT(Send(Query("set TimeZone UTC")), ElementsAre("C SET", "Z I"));
}

TEST_F(ProtocolEngineTest, BadStartupSettingsRefuseTheClient) {
  StartupParameters parameters;
  parameters.settings = {{"nonsense", "1"}};
  EXPECT_FALSE(engine_->Greet(parameters, {}));
  EXPECT_THAT(testing::TakeAnswers(engine_->output()),
              ElementsAre("E FATAL 42704 unrecognized configuration parameter"));
  parameters.settings = {{"client_encoding", "LATIN1"}};
  EXPECT_FALSE(engine_->Greet(parameters, {}));
}

// -- Extended protocol

TEST_F(ProtocolEngineTest, ExtendedRoundTrip) {
  const std::string bytes = Parse("s", "echo $1") + Describe('S', "s") +
                            Bind("p", "s", {{"hello"}, {}, {}}) + Describe('P', "p") +
                            Execute("p") + Close('P', "p") + Close('S', "s") + Sync();
  EXPECT_THAT(Send(bytes), ElementsAre("1", "t 25 ", "T t:25", "2", "T t:25", "D hello",
                                       "C SELECT 1", "3", "3", "Z I"));
}

TEST_F(ProtocolEngineTest, BinaryResultsAreSentAsBytes) {
  const Answers answers = Send(Parse("", "select 258") + Bind("", "", {{}, {}, {1}}) +
                               Describe('P', "") + Execute("") + Sync());
  EXPECT_THAT(answers, ElementsAre("1", "2", "T n:23:binary", std::string("D \0\0\1\2", 6),
                                   "C SELECT 1", "Z I"));
}

TEST_F(ProtocolEngineTest, NothingIsSentBeforeSyncOrFlush) {
  EXPECT_THAT(Send(Extended("select 1")), ElementsAre());
  EXPECT_THAT(Send(Flush()), ElementsAre("1", "2", "D 1", "C SELECT 1"));
  EXPECT_THAT(Send(Sync()), ElementsAre("Z I"));
}

TEST_F(ProtocolEngineTest, AnErrorSkipsAllUpToSync) {
  EXPECT_THAT(
      Send(Extended("fail") + Extended("insert 1") + Query("insert 2") + Sync() + Query("total")),
      ElementsAre("1", "2", "E ERROR 22003 it failed H=do not do that P=3", "Z I", "T n:20", "D 0",
                  "C SELECT 1", "Z I"));
}

TEST_F(ProtocolEngineTest, StatementsUpToSyncAreOneTransaction) {
  Send(Extended("insert 1") + Extended("insert 2") + Extended("fail") + Sync());
  EXPECT_EQ(database_.committed, 0);
  Send(Extended("insert 1") + Extended("insert 2"));
  EXPECT_EQ(database_.committed, 0);
  Send(Sync());
  EXPECT_EQ(database_.committed, 3);
}

TEST_F(ProtocolEngineTest, ASingleStatementIsCommittedBeforeItsCompletionIsSent) {
  Send(Extended("insert 5") + Sync());
  EXPECT_EQ(database_.committed, 5);
}

TEST_F(ProtocolEngineTest, NoDataAndEmptyStatements) {
  EXPECT_THAT(Send(Parse("", "insert 1") + Describe('S', "") + Bind("", "") + Describe('P', "") +
                   Execute("") + Sync()),
              ElementsAre("1", "t ", "n", "2", "n", "C INSERT 0 1", "Z I"));
  EXPECT_THAT(Send(Parse("", "") + Describe('S', "") + Bind("", "") + Execute("") + Sync()),
              ElementsAre("1", "t ", "n", "2", "I", "Z I"));
}

TEST_F(ProtocolEngineTest, RowLimitsSuspendThePortal) {
  EXPECT_THAT(Send(Query("begin")).back(), "Z T");
  EXPECT_THAT(Send(Parse("", "series 5") + Bind("p", "") + Execute("p", 2) + Sync()),
              ElementsAre("1", "2", "D 1", "D 2", "s", "Z T"));
  EXPECT_THAT(Send(Execute("p", 2) + Flush()), ElementsAre("D 3", "D 4", "s"));
  EXPECT_THAT(Send(Execute("p", 0) + Sync()), ElementsAre("D 5", "C SELECT 1", "Z T"));
}

TEST_F(ProtocolEngineTest, PortalsEndWithTheirTransaction) {
  EXPECT_THAT(Send(Parse("", "series 5") + Bind("p", "") + Execute("p", 2) + Sync()).back(), "Z I");
  EXPECT_THAT(Send(Execute("p", 2) + Sync()),
              ElementsAre("E ERROR 34000 portal \"p\" does not exist", "Z I"));
}

TEST_F(ProtocolEngineTest, SuspendedPortalsGoOnAfterOtherStatements) {
  Send(Query("begin"));
  Send(Parse("s", "series 300") + Bind("a", "s") + Execute("a", 1) + Bind("b", "s") +
       Execute("b", 2) + Sync());
  EXPECT_THAT(Send(Execute("a", 2) + Flush()), ElementsAre("D 2", "D 3", "s"));
  Send(Query("insert 1"));
  EXPECT_THAT(Send(Execute("b", 1) + Flush()), ElementsAre("D 3", "s"));
  const Answers rest = Send(Execute("a") + Sync());
  EXPECT_EQ(rest.front(), "D 4");
  EXPECT_EQ(rest.at(rest.size() - 2), "C SELECT 297");
}

TEST_F(ProtocolEngineTest, SuspendedPortalsKeepTheirColumnsAndFormats) {
  Send(Query("begin"));
  Send(Parse("n", "series 5") + Bind("a", "n", {{}, {}, {1}}) + Execute("a", 1) +
       Parse("t", "wide 3 2") + Bind("b", "t") + Execute("b", 1) + Sync());
  EXPECT_THAT(Send(Execute("a", 1) + Execute("b", 1) + Flush()),
              ElementsAre(std::string("D \0\0\0\0\0\0\0\2", 10), "s", "D ww", "s"));
}

TEST_F(ProtocolEngineTest, RowsSetAsideAreBounded) {
  session::SessionLimits limits;
  limits.set_aside_bytes_max = 10'000;
  Open({}, limits);
  Send(Query("begin"));
  Send(Parse("", "series 100000") + Bind("p", "") + Execute("p", 1) + Sync());
  const Answers answers = Send(Query("select 1"));
  EXPECT_THAT(answers.front(), ::testing::StartsWith("E ERROR 54000 rows left in a suspended"));
}

TEST_F(ProtocolEngineTest, ReturningRunsToItsEndWhateverTheClientFetches) {
  Send(Parse("", "returning 5") + Bind("p", "") + Execute("p", 2) + Sync());
  EXPECT_EQ(database_.committed, 5);
}

TEST_F(ProtocolEngineTest, NamesInUseAndUnknownNames) {
  EXPECT_THAT(
      Send(Parse("s", "select 1") + Sync() + Parse("s", "select 1") + Sync()),
      ElementsAre("1", "Z I", "E ERROR 42P05 prepared statement \"s\" already exists", "Z I"));
  EXPECT_THAT(Send(Bind("", "x") + Sync()),
              ElementsAre("E ERROR 26000 prepared statement \"x\" does not exist", "Z I"));
  EXPECT_THAT(Send(Bind("p", "s") + Bind("p", "s") + Sync()),
              ElementsAre("2", "E ERROR 42P03 portal \"p\" already exists", "Z I"));
  EXPECT_THAT(Send(Describe('S', "x") + Sync()).front(), ::testing::StartsWith("E ERROR 26000"));
  EXPECT_THAT(Send(Close('S', "x") + Close('P', "x") + Sync()), ElementsAre("3", "3", "Z I"));
}

TEST_F(ProtocolEngineTest, SeveralCommandsCannotBePrepared) {
  EXPECT_THAT(Send(Parse("", "select 1; select 2") + Sync()),
              ElementsAre("E ERROR 42601 cannot insert multiple commands into a prepared statement",
                          "Z I"));
}

TEST_F(ProtocolEngineTest, WrongCountsInBindAreProtocolErrors) {
  const auto error = [&](const testing::BindOptions& options) {
    return Send(Parse("", "echo $1") + Bind("", "", options) + Sync()).at(1).substr(0, 13);
  };
  EXPECT_EQ(error({{}, {}, {}}), "E ERROR 08P01");
  EXPECT_EQ(error({{"a", "b"}, {}, {}}), "E ERROR 08P01");
  EXPECT_EQ(error({{"a"}, {0, 0}, {}}), "E ERROR 08P01");
  EXPECT_EQ(error({{"a"}, {}, {0, 0}}), "E ERROR 08P01");
  EXPECT_EQ(error({{"a"}, {7}, {}}), "E ERROR 22023");
  EXPECT_EQ(error({{"a"}, {}, {7}}), "E ERROR 22023");
}

TEST_F(ProtocolEngineTest, PreparedStatementsAreBounded) {
  session::SessionLimits limits;
  limits.prepared_statements_max = 2;
  Open({}, limits);
  EXPECT_THAT(
      Send(Parse("a", "select 1") + Parse("b", "select 1") + Parse("c", "select 1") + Sync()),
      ElementsAre("1", "1", "E ERROR 54000 too many prepared statements: limit=2", "Z I"));
}

// -- Cursors

TEST_F(ProtocolEngineTest, CursorsAreFetchedPieceByPiece) {
  EXPECT_THAT(Send(Query("begin; declare c cursor for series 250; insert 1")),
              ElementsAre("C BEGIN", "C DECLARE CURSOR", "C INSERT 0 1", "Z T"));
  EXPECT_THAT(Send(Query("fetch 2 from c")),
              ElementsAre("T n:20", "D 1", "D 2", "C FETCH 2", "Z T"));
  EXPECT_THAT(Send(Query("move forward 200 in c; fetch c")),
              ElementsAre("C MOVE 200", "T n:20", "D 203", "C FETCH 1", "Z T"));
  EXPECT_EQ(Send(Query("fetch all from c")).at(47), "D 250");
  EXPECT_THAT(Send(Query("fetch next from c")), ElementsAre("T n:20", "C FETCH 0", "Z T"));
  EXPECT_THAT(Send(Query("close c")), ElementsAre("C CLOSE CURSOR", "Z T"));
  EXPECT_THAT(Send(Query("fetch c")),
              ElementsAre("E ERROR 34000 cursor \"c\" does not exist", "Z E"));
}

TEST_F(ProtocolEngineTest, CursorsNeedATransactionUnlessHeld) {
  EXPECT_THAT(Send(Query("declare c cursor for series 5")).front(),
              ::testing::StartsWith("E ERROR 25P01 DECLARE CURSOR can only"));
  Send(Query("begin; declare h cursor with hold for series 3; declare c cursor for series 3"));
  Send(Query("fetch h"));
  Send(Query("commit"));
  EXPECT_THAT(Send(Query("fetch all h")), ElementsAre("T n:20", "D 2", "D 3", "C FETCH 2", "Z I"));
  EXPECT_THAT(Send(Query("fetch c")).front(), ::testing::StartsWith("E ERROR 34000"));
  EXPECT_THAT(Send(Query("close all")), ElementsAre("C CLOSE CURSOR ALL", "Z I"));
  Send(Query("begin; declare h cursor with hold for series 3; rollback"));
  EXPECT_THAT(Send(Query("fetch h")).front(), ::testing::StartsWith("E ERROR 34000"));
}

TEST_F(ProtocolEngineTest, CursorsByTheExtendedProtocol) {
  Send(Query("begin"));
  EXPECT_THAT(Send(Parse("", "declare c cursor for echo $1") + Bind("", "", {{"hi"}, {}, {}}) +
                   Describe('P', "") + Execute("") + Describe('P', "c") + Sync()),
              ElementsAre("1", "2", "n", "C DECLARE CURSOR", "T t:25", "Z T"));
  EXPECT_THAT(
      Send(Parse("", "fetch 10 from c") + Describe('S', "") + Bind("", "") + Execute("") + Sync()),
      ElementsAre("1", "t ", "T t:25", "2", "D hi", "C FETCH 1", "Z T"));
}

TEST_F(ProtocolEngineTest, CursorStatementsThatAreNotUnderstoodAreErrors) {
  EXPECT_THAT(Send(Query("select 1; fetch backward 3 from c")).front(),
              "E ERROR 55000 cursor can only scan forward H=Only forward cursors are supported.");
  EXPECT_THAT(Send(Query("declare c scroll cursor for series 1")).front(),
              ::testing::StartsWith("E ERROR 0A000"));
  EXPECT_THAT(Send(Query("select 1; declare c for series 1")).front(),
              "E ERROR 42601 syntax error at or near \"for\" P=21");
}

// -- Large results

TEST_F(ProtocolEngineTest, OutputStopsAtTheMarkAndTheStatementWaits) {
  EngineLimits limits;
  limits.out_bytes_mark = 10'000;
  Open(limits, {});
  engine_->input().Append(Query("series 1000000"));
  EXPECT_EQ(engine_->Step(), Outcome::kSendOutput);
  EXPECT_GE(engine_->output().size(), 10'000u);
  EXPECT_LT(engine_->output().size(), 20'000u);
  EXPECT_LT(database_.batches_made, 20u);
  EXPECT_TRUE(engine_->HasWork());
}

TEST_F(ProtocolEngineTest, RowsBeyondTheLimitAreAnError) {
  EngineLimits limits;
  limits.row_bytes_max = 1000;
  Open(limits, {});
  EXPECT_THAT(
      Send(Query("wide 1 2000")),
      ElementsAre("T t:25", "E ERROR 54000 result row is too large: limit_bytes=1000", "Z I"));
}

// -- COPY

TEST_F(ProtocolEngineTest, CopyInTakesRows) {
  EXPECT_THAT(Send(Query("copy in")), ElementsAre("G"));
  EXPECT_FALSE(engine_->HasWork());
  EXPECT_THAT(Send(CopyData("1\to") + CopyData("ne\n2\t\\N\n\\.\n") + CopyDone()),
              ElementsAre("C COPY 2", "Z I"));
  EXPECT_EQ(database_.committed, 2);
  MutexLock lock(database_.mutex);
  EXPECT_THAT(database_.copied, ElementsAre("1|one", "2|~"));
}

TEST_F(ProtocolEngineTest, CopyErrorsTellTheLineAndTheRestIsIgnored) {
  Send(Query("copy in csv"));
  EXPECT_THAT(Send(CopyData("1,a\n2\n3,c\n") + CopyData("4,d\n") + CopyDone() + Query("select 1")),
              ElementsAre("E ERROR 22P04 missing data for column \"t\" W=COPY fake, line 2", "Z I",
                          "T n:23", "D 1", "C SELECT 1", "Z I"));
  EXPECT_EQ(database_.committed, 0);
}

TEST_F(ProtocolEngineTest, CopyTellsTheLineOfAValueThatIsRefused) {
  Send(Query("copy in csv"));
  EXPECT_THAT(Send(CopyData("1,a\n2,\"two\nlines\"\nbad,x\n5,y\n") + CopyDone()).front(),
              "E ERROR 22P02 invalid input syntax W=COPY fake, line 4");
  Send(Query("copy in csv"));
  EXPECT_THAT(Send(CopyData("1,\xff\n")).front(), ::testing::StartsWith("E ERROR 22021"));
}

TEST_F(ProtocolEngineTest, CopyFailAndStrangeMessagesEndTheCopy) {
  Send(Query("copy in"));
  EXPECT_THAT(
      Send(CopyData("1\ta\n") + CopyFail("changed my mind")),
      ElementsAre("E ERROR 57014 COPY from stdin failed: changed my mind W=COPY fake, line 1",
                  "Z I"));
  Send(Query("copy in"));
  EXPECT_THAT(Send(Query("select 1")).front(),
              ::testing::StartsWith("E ERROR 08P01 unexpected message type 0x51"));
}

TEST_F(ProtocolEngineTest, ACopyGivenUpFailsItsTransaction) {
  Send(Query("begin; copy in"));
  EXPECT_EQ(Send(CopyData("1\ta\n") + CopyFail("no")).back(), "Z E");
  EXPECT_EQ(Send(Query("fetch nothing")).back(), "Z E");
  EXPECT_THAT(Send(Extended("commit") + Sync()), ElementsAre("1", "2", "C ROLLBACK", "Z I"));
  EXPECT_EQ(database_.committed, 0);
  EXPECT_THAT(Send(Query("begin; insert 2; commit")).back(), "Z I");
  EXPECT_EQ(database_.committed, 2);
}

TEST_F(ProtocolEngineTest, CopyInByTheExtendedProtocol) {
  EXPECT_THAT(Send(Parse("", "copy in") + Bind("", "") + Describe('P', "") + Execute("") + Sync()),
              ElementsAre("1", "2", "n", "G"));
  EXPECT_THAT(Send(CopyData("1\ta\n") + CopyDone() + Sync()), ElementsAre("C COPY 1", "Z I"));
  EXPECT_EQ(database_.committed, 1);
}

TEST_F(ProtocolEngineTest, StatementsGoOnAfterACopy) {
  Send(Query("insert 1; copy in; select 4"));
  EXPECT_THAT(Send(CopyData("1\ta\n") + CopyDone()),
              ElementsAre("C COPY 1", "T n:23", "D 4", "C SELECT 1", "Z I"));
}

TEST_F(ProtocolEngineTest, CopyOutSendsALinePerRow) {
  EXPECT_THAT(Send(Query("copy out 2 csv")),
              ElementsAre("H", "d 1\n", "d 2\n", "c", "C COPY 2", "Z I"));
}

TEST_F(ProtocolEngineTest, BinaryCopyIsRefused) {
  EXPECT_THAT(Send(Query("copy in binary")),
              ElementsAre("E ERROR 0A000 COPY in binary format is not supported", "Z I"));
  EXPECT_THAT(Send(Query("copy out 1 binary")),
              ElementsAre("E ERROR 0A000 COPY in binary format is not supported", "Z I"));
}

// -- Cancel

TEST_F(ProtocolEngineTest, CancelEndsTheStatementAndNothingLater) {
  std::thread canceller([&] {
    while (database_.sleeping == 0) std::this_thread::yield();
    session_->Cancel();
  });
  EXPECT_THAT(Send(Query("sleep")),
              ElementsAre("E ERROR 57014 canceling statement due to user request", "Z I"));
  canceller.join();
  session_->Cancel();  // nothing runs: without effect
  EXPECT_THAT(Send(Query("select 1")).back(), "Z I");
  EXPECT_THAT(Send(Query("select 1")).front(), "T n:23");
}

TEST_F(ProtocolEngineTest, CancelBetweenTwoPiecesOfAResultEndsIt) {
  EngineLimits limits;
  limits.out_bytes_mark = 1000;
  Open(limits, {});
  engine_->input().Append(Query("series 1000000"));
  ASSERT_EQ(engine_->Step(), Outcome::kSendOutput);
  engine_->output().clear();
  session_->Cancel();
  const Answers answers = Send("");
  EXPECT_EQ(answers.at(answers.size() - 2),
            "E ERROR 57014 canceling statement due to user request");
}

TEST_F(ProtocolEngineTest, IdleMeansNoRequestAndNoTransaction) {
  EXPECT_TRUE(engine_->IsIdle());
  Send(Query("begin"));
  EXPECT_FALSE(engine_->IsIdle());
  Send(Query("commit"));
  EXPECT_TRUE(engine_->IsIdle());
  Send(Query("copy in"));
  EXPECT_FALSE(engine_->IsIdle());
}

// -- What PostgreSQL does to the session's state

TEST_F(ProtocolEngineTest, DeallocateDropsStatementsOfTheProtocol) {
  Send(Parse("a", "select 1") + Parse("b", "select 2") + Parse("c", "select 3") + Sync());
  EXPECT_THAT(Send(Query("deallocate a")), ElementsAre("C DEALLOCATE", "Z I"));
  EXPECT_THAT(Send(Bind("", "a") + Sync()),
              ElementsAre("E ERROR 26000 prepared statement \"a\" does not exist", "Z I"));
  EXPECT_THAT(Send(Parse("", "deallocate prepare b") + Bind("", "") + Execute("") + Sync()),
              ElementsAre("1", "2", "C DEALLOCATE", "Z I"));
  EXPECT_THAT(Send(Bind("", "b") + Sync()),
              ElementsAre("E ERROR 26000 prepared statement \"b\" does not exist", "Z I"));
  EXPECT_THAT(Send(Query("deallocate all") + Parse("c", "select 4") + Sync()),
              ElementsAre("C DEALLOCATE", "Z I", "1", "Z I"));
}

TEST_F(ProtocolEngineTest, DiscardAllForgetsTheSession) {
  Send(Parse("a", "select 1") + Sync());
  EXPECT_THAT(Send(Parse("", "discard all") + Bind("", "") + Execute("") + Flush()),
              ElementsAre("1", "2", "C DISCARD ALL"));
  EXPECT_THAT(Send(Sync() + Parse("a", "select 2") + Sync()), ElementsAre("Z I", "1", "Z I"));
  EXPECT_THAT(
      Send(Query("insert 1; discard all")),
      ElementsAre("C INSERT 0 1", "E ERROR 25001 DISCARD ALL cannot run inside a transaction block",
                  "Z I"));
  EXPECT_EQ(database_.committed, 0);
}

TEST_F(ProtocolEngineTest, SettingsAreReadAgainWhereverTheyMayHaveChanged) {
  EXPECT_TRUE(engine_->Greet(StartupParameters(), {}));
  engine_->output().clear();
  EXPECT_THAT(Send(Query("set_config TimeZone Asia/Tokyo")),
              ElementsAre("T t:25", "D Asia/Tokyo", "C SELECT 1", "S TimeZone=Asia/Tokyo", "Z I"));
}

TEST_F(ProtocolEngineTest, TimeRunsOutOnlyWhileTheServerWorks) {
  Send(Query("begin") + Parse("", "series 10000") + Bind("p", "") + Execute("p", 1) + Flush());
  EXPECT_TRUE(database_.timeout_runs);
  Send(Sync());
  EXPECT_FALSE(database_.timeout_runs);
  Send(Execute("p", 1) + Flush());
  EXPECT_TRUE(database_.timeout_runs);
  Send(Sync() + Query("declare c cursor for series 5000"));
  EXPECT_FALSE(database_.timeout_runs);
  Send(Parse("", "fetch 1 from c") + Bind("", "") + Execute("") + Flush());
  EXPECT_TRUE(database_.timeout_runs);
}

TEST_F(ProtocolEngineTest, RowsAreNotDescribedInAFailedTransaction) {
  Send(Parse("a", "select 1") + Sync() + Query("begin") + Query("fail"));
  EXPECT_THAT(Send(Describe('S', "a") + Sync()),
              ElementsAre("t ", ::testing::StartsWith("E ERROR 25P02"), "Z E"));
}

TEST_F(ProtocolEngineTest, CopyOutIsNotCutShortByARowLimit) {
  const Answers answers = Send(Parse("", "copy out 3") + Bind("", "") + Execute("", 1) + Sync());
  EXPECT_THAT(answers,
              ElementsAre("1", "2", "H", "d 1\n", "d 2\n", "d 3\n", "c", "C COPY 3", "Z I"));
}

}  // namespace
}  // namespace luma::pgwire
