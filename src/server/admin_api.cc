#include "server/admin_api.h"

#include <charconv>
#include <future>
#include <memory>
#include <utility>

#include "net/url.h"
#include "server/backup_destination.h"
#include "server/snapshot.h"
#include "server/task_report.h"
#include "storage/backup/backup_writer.h"
#include "storage/backup/store_check.h"

namespace luma::server {
namespace {

// Shorter than what clients and proxies wait for an answer.
constexpr std::chrono::seconds kLinePatience{5};

Result<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec == std::errc() && parsed.ptr == end) return number;
  return Status::InvalidArgument("not a number: ", text);
}

Result<net::FormFields> QueryOf(const net::HttpRequest& request) {
  auto fields = net::FormFields::Parse(request.query);
  if (!fields) return Status::InvalidArgument("query is not validly encoded");
  return *std::move(fields);
}

Result<uint64_t> NumberOr0(const net::FormFields& fields, std::string_view name) {
  return fields.Has(name) ? ParseNumber(fields.Get(name)) : uint64_t{0};
}

net::HttpResponse AnswerStarted(const Result<uint64_t>& task) {
  if (!task.ok()) {
    return net::TextResponse(HttpStatus(task.status().code()),
                             std::string(task.status().message()));
  }
  return {.status = 202,
          .content_type = "application/json",
          .body = "{\"task\":" + std::to_string(*task) + "}"};
}

}  // namespace

void AdminApi::AddRoutes(net::Router& router) {
  router.Add("POST", "/api/v1/admin/backup", {},
             [this](const net::HttpRequest& request, const net::Responder& responder) {
               responder.Send(AnswerStarted(StartBackup(request)));
             });
  router.Add("POST", "/api/v1/admin/check", {},
             [this](const net::HttpRequest& request, const net::Responder& responder) {
               responder.Send(AnswerStarted(StartCheck(request)));
             });
  router.Add(
      "GET", "/api/v1/admin/tasks/{task}", {},
      [this](const net::HttpRequest& request, const net::Responder& responder) {
        Result<std::string> lines = ReadLines(request);
        if (lines.ok()) {
          responder.Send({.content_type = "application/x-ndjson", .body = *std::move(lines)});
        } else {
          responder.Send(net::TextResponse(HttpStatus(lines.status().code()),
                                           std::string(lines.status().message())));
        }
      });
}

Result<uint64_t> AdminApi::StartBackup(const net::HttpRequest& request) {
  LUMA_ASSIGN_OR_RETURN(const net::FormFields fields, QueryOf(request));
  LUMA_ASSIGN_OR_RETURN(const uint64_t rate, NumberOr0(fields, "rate"));
  LUMA_ASSIGN_OR_RETURN(std::shared_ptr<io::ObjectStore> store,
                        OpenBackupDestination(config_, std::string(fields.Get("to")),
                                              io::FileSystem::Posix(), clock_));
  return tasks_.Start(
      "backup", rate,
      [this,
       store = std::move(store)](const storage::OnProgress& on_progress) -> Result<std::string> {
        LUMA_RETURN_IF_ERROR(engine_.Flush());
        LUMA_ASSIGN_OR_RETURN(
            const storage::BudgetLease memory,
            engine_.budget().Book(storage::BudgetUse::kMerge, storage::kBackupBytes));
        LUMA_ASSIGN_OR_RETURN(
            const storage::BackupResult result,
            storage::WriteBackup(engine_.backup_source(), *store, clock_, on_progress));
        return DoneLine(result);
      });
}

Result<std::string> AdminApi::TakeSnapshot() {
  const auto outcome = std::make_shared<std::promise<Result<std::string>>>();
  std::future<Result<std::string>> name = outcome->get_future();
  const auto work = [this, outcome](const storage::OnProgress& on_progress) {
    Result<std::string> taken =
        server::TakeSnapshot(config_, engine_, io::FileSystem::Posix(), clock_, on_progress);
    outcome->set_value(taken);
    return taken.ok() ? Result<std::string>(R"({"phase":"done","snapshot":")" + *taken + "\"}")
                      : taken;
  };
  LUMA_RETURN_IF_ERROR(tasks_.Start("snapshot", 0, work).status());
  return name.get();
}

Result<uint64_t> AdminApi::StartCheck(const net::HttpRequest& request) {
  LUMA_ASSIGN_OR_RETURN(const net::FormFields fields, QueryOf(request));
  LUMA_ASSIGN_OR_RETURN(const uint64_t rate, NumberOr0(fields, "rate"));
  return tasks_.Start(
      "check", rate, [this](const storage::OnProgress& on_progress) -> Result<std::string> {
        LUMA_ASSIGN_OR_RETURN(const storage::DirectoryReport report,
                              storage::CheckRunning(engine_.backup_source(), on_progress));
        return DoneLine(report);
      });
}

Result<std::string> AdminApi::ReadLines(const net::HttpRequest& request) {
  LUMA_ASSIGN_OR_RETURN(const net::FormFields fields, QueryOf(request));
  LUMA_ASSIGN_OR_RETURN(const uint64_t task, ParseNumber(request.PathParameter("task")));
  LUMA_ASSIGN_OR_RETURN(const uint64_t after, NumberOr0(fields, "after"));
  return tasks_.Lines(task, after, kLinePatience);
}

}  // namespace luma::server
