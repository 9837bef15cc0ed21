// HttpTransport over libcurl.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "io/s3/http_transport.h"

namespace luma::io {

// Each exchange takes an idle connection or makes one; at most kIdleMax wait for reuse. TLS is
// verified, against `ca_file` (PEM) or, when that is empty, the system's certificates. An exchange
// that stands still for a third of its timeout ends as kTimeout. Making the first one makes the
// process ignore SIGPIPE.
class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(std::string ca_file);
  ~CurlTransport() override;

  Result<HttpResponse> Perform(const HttpRequest& request) override LUMA_EXCLUDES(mutex_);

 private:
  static constexpr size_t kIdleMax = 16;
  struct HandleDeleter {
    void operator()(void* handle) const;
  };
  using Handle = std::unique_ptr<void, HandleDeleter>;  // a CURL, with its connection

  Handle Take() LUMA_EXCLUDES(mutex_);
  void GiveBack(Handle handle) LUMA_EXCLUDES(mutex_);

  const std::string ca_file_;
  Mutex mutex_;
  std::vector<Handle> idle_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::io
