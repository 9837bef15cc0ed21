#include "net/fetcher.h"

#include <curl/curl.h>

#include <algorithm>
#include <future>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "net/internal/token_cache.h"
#include "net/internal/transfer.h"

namespace luma::net {
namespace {

constexpr int kPollMillisMax = 1'000;

}  // namespace

class Fetcher::Impl {
 public:
  explicit Impl(FetcherOptions options) : options_(options) {
    static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
    LUMA_CHECK(initialized == CURLE_OK);
    multi_ = curl_multi_init();
    LUMA_CHECK(multi_ != nullptr);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options.connections_max));
    thread_ = std::thread([this] { Run(); });
  }
  ~Impl() {
    Stop();
    curl_multi_cleanup(multi_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Fetch(FetchRequest request, Done done) LUMA_EXCLUDES(mutex_) {
    std::unique_ptr<Transfer> transfer = MakeTransfer(std::move(request), std::move(done));
    {
      MutexLock lock(mutex_);
      if (!stopping_) queued_.push_back(std::move(transfer));
    }
    if (transfer != nullptr) return GiveUp(*transfer);
    curl_multi_wakeup(multi_);
  }

  void Stop() LUMA_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::unique_ptr<Transfer> MakeTransfer(FetchRequest request, Done done) const {
    auto transfer = std::make_unique<Transfer>(std::move(request), std::move(done));
    transfer->allow_link_local = options_.allow_link_local;
    transfer->memory = options_.memory;
    return transfer;
  }

  void Run() LUMA_EXCLUDES(mutex_) {
    while (true) {
      std::vector<std::unique_ptr<Transfer>> starting;
      const bool stops = TakeQueued(starting);
      for (auto& transfer : starting) Start(std::move(transfer));
      if (stops) break;
      int running = 0;
      curl_multi_perform(multi_, &running);
      FinishDone();
      curl_multi_poll(multi_, nullptr, 0, kPollMillisMax, nullptr);
    }
    for (const auto& [handle, transfer] : running_) {
      curl_multi_remove_handle(multi_, handle);
      GiveUp(*transfer);
    }
    running_.clear();
  }

  // True when it is time to stop: nothing is queued from then on.
  bool TakeQueued(std::vector<std::unique_ptr<Transfer>>& taken) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    taken.swap(queued_);
    return stopping_;
  }

  void Start(std::unique_ptr<Transfer> transfer) {
    const std::shared_ptr<const TokenOptions> token = transfer->request.token;
    if (token == nullptr) return Send(std::move(transfer));
    // Shared, since what is called back has to be copied.
    const auto waiting = std::make_shared<std::unique_ptr<Transfer>>(std::move(transfer));
    tokens_.Get(token, [this, waiting, begin = std::chrono::steady_clock::now()](
                           const Result<std::string>& authorization) {
      SendWithToken(std::move(*waiting), begin, authorization);
    });
  }

  // The time that the token took is part of that of the request.
  void SendWithToken(std::unique_ptr<Transfer> transfer,
                     std::chrono::steady_clock::time_point begin,
                     const Result<std::string>& authorization) {
    if (!authorization.ok()) {
      return transfer->done(authorization.status().WithContext("no access token"));
    }
    constexpr std::chrono::milliseconds kTimeoutMin{1};
    FetchRequest& request = transfer->request;
    const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    request.timeout = std::max(request.timeout - spent, kTimeoutMin);
    request.headers.push_back("Authorization: " + *authorization);
    Send(std::move(transfer));
  }

  void Send(std::unique_ptr<Transfer> transfer) {
    const Status prepared = Prepare(*transfer);
    if (!prepared.ok()) return transfer->done(prepared);
    CURL* const handle = transfer->handle;
    running_.emplace(handle, std::move(transfer));
    LUMA_CHECK(curl_multi_add_handle(multi_, handle) == CURLM_OK);
  }

  void FinishDone() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const handle = message->easy_handle;
      const CURLcode code = message->data.result;
      curl_multi_remove_handle(multi_, handle);
      const auto ended = running_.extract(handle);  // its answer may start others
      Answer(*ended.mapped(), code);
    }
  }

  const FetcherOptions options_;
  CURLM* multi_ = nullptr;
  // Belongs to the thread.
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> running_;
  TokenCache tokens_{[this](FetchRequest request, Done done) {
    Send(MakeTransfer(std::move(request), std::move(done)));
  }};
  Mutex mutex_;
  std::vector<std::unique_ptr<Transfer>> queued_ LUMA_GUARDED_BY(mutex_);
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

Fetcher::Fetcher(FetcherOptions options) : impl_(std::make_unique<Impl>(options)) {}
Fetcher::~Fetcher() = default;
void Fetcher::Stop() { impl_->Stop(); }

void Fetcher::Fetch(FetchRequest request, Done done) {
  impl_->Fetch(std::move(request), std::move(done));
}

Result<FetchResponse> Fetcher::FetchAndWait(FetchRequest request) {
  // Shared, since the waiting thread may be on before set_value has returned.
  const auto promise = std::make_shared<std::promise<Result<FetchResponse>>>();
  std::future<Result<FetchResponse>> response = promise->get_future();
  Fetch(std::move(request),
        [promise](Result<FetchResponse> outcome) { promise->set_value(std::move(outcome)); });
  return response.get();
}

}  // namespace luma::net
