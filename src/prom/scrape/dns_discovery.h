// dns_sd_configs: targets from records of the DNS.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "prom/scrape/discovery.h"

namespace luma::prom {

// Gives the targets of a name; none when it does not exist. Blocks. Called from threads that may
// outlive their discoverer. Errors: kUnavailable when it could not be asked for.
using DnsResolver = std::function<Result<std::vector<TargetGroup>>(
    const std::string& name, const DnsDiscoveryConfig& config)>;

// That of the system.
Result<std::vector<TargetGroup>> ResolveDnsName(const std::string& name,
                                                const DnsDiscoveryConfig& config);

// Asks the resolver for one name after another. A name that cannot be asked for
// keeps its targets; one that does not exist has none. Groups get __meta_dns_name, and
// __meta_dns_srv_record_target and the like.
class DnsDiscoverer final : public Discoverer {
 public:
  explicit DnsDiscoverer(DnsDiscoveryConfig config, DnsResolver resolver = ResolveDnsName)
      : config_(std::move(config)), resolver_(std::move(resolver)) {}

  std::chrono::milliseconds interval() const override { return config_.refresh_interval; }
  // Errors: kUnavailable when no name could be asked for.
  Result<std::vector<TargetGroup>> Discover(const std::stop_token& stop) override;

 private:
  const DnsDiscoveryConfig config_;
  const DnsResolver resolver_;
  std::map<std::string, std::vector<TargetGroup>> known_;  // by name
};

// The targets in a message of the DNS protocol that answers `name`; other records are left out.
// Errors: kInvalidArgument for bytes that are no such message.
Result<std::vector<TargetGroup>> ParseDnsAnswer(std::span<const unsigned char> message,
                                                const std::string& name,
                                                const DnsDiscoveryConfig& config);

}  // namespace luma::prom
