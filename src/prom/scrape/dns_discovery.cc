#include "prom/scrape/dns_discovery.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

#include <array>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "net/url.h"
#include "prom/scrape/awaited.h"

namespace luma::prom {
namespace {

constexpr size_t kAnswerBytesMax = 64 << 10;
// Each server of the resolver is asked twice.
constexpr int kAskSeconds = 2;
constexpr int kAskTimes = 2;

ns_type RecordType(DnsDiscoveryConfig::Type type) {
  switch (type) {
    case DnsDiscoveryConfig::Type::kSrv:
      return ns_t_srv;
    case DnsDiscoveryConfig::Type::kA:
      return ns_t_a;
    case DnsDiscoveryConfig::Type::kAaaa:
      return ns_t_aaaa;
    case DnsDiscoveryConfig::Type::kMx:
      return ns_t_mx;
    case DnsDiscoveryConfig::Type::kNs:
      return ns_t_ns;
  }
  return ns_t_invalid;
}

// The name at `offset` of the data of a record, "" when it is malformed.
std::string NameAt(const ns_msg& message, const ns_rr& record, size_t offset) {
  std::array<char, NS_MAXDNAME> name{};
  if (ns_rr_rdlen(record) <= offset) return "";
  const int length = ns_name_uncompress(ns_msg_base(message), ns_msg_end(message),
                                        ns_rr_rdata(record) + offset, name.data(), name.size());
  return length < 0 ? "" : name.data();
}

std::string AddressText(int family, const ns_rr& record, size_t bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (ns_rr_rdlen(record) != bytes) return "";
  return inet_ntop(family, ns_rr_rdata(record), text.data(), text.size()) == nullptr ? ""
                                                                                     : text.data();
}

struct Found {
  std::string host;  // empty: the record is of no use
  uint16_t port = 0;
  std::vector<std::pair<std::string, std::string>> labels = {};
};

Found ReadSrv(const ns_msg& message, const ns_rr& record) {
  constexpr size_t kPortAt = 4;  // after priority and weight
  constexpr size_t kTargetAt = 6;
  Found found{.host = NameAt(message, record, kTargetAt)};
  if (found.host.empty()) return found;
  found.port = static_cast<uint16_t>(ns_get16(ns_rr_rdata(record) + kPortAt));
  found.labels = {{"__meta_dns_srv_record_target", found.host + "."},
                  {"__meta_dns_srv_record_port", std::to_string(found.port)}};
  return found;
}

Found ReadRecord(const ns_msg& message, const ns_rr& record, uint16_t port) {
  switch (ns_rr_type(record)) {
    case ns_t_srv:
      return ReadSrv(message, record);
    case ns_t_a:
      return {.host = AddressText(AF_INET, record, sizeof(in_addr)), .port = port};
    case ns_t_aaaa:
      return {.host = AddressText(AF_INET6, record, sizeof(in6_addr)), .port = port};
    case ns_t_mx: {
      std::string host = NameAt(message, record, 2);  // after the preference
      return {.host = host, .port = port, .labels = {{"__meta_dns_mx_record_target", host + "."}}};
    }
    case ns_t_ns: {
      std::string host = NameAt(message, record, 0);
      return {.host = host, .port = port, .labels = {{"__meta_dns_ns_record_target", host + "."}}};
    }
    default:
      return {};
  }
}

TargetGroup GroupOf(const Found& found, const std::string& name) {
  TargetGroup group{.targets = {net::HostAndPort(found.host, found.port)}};
  group.labels.emplace("__meta_dns_name", name);
  for (const auto& [label, value] : found.labels) group.labels.emplace(label, value);
  return group;
}

// The bytes of the answer; none when there is no such name. A resolver of its own makes this safe
// on any thread.
Result<std::vector<unsigned char>> Ask(const std::string& name, ns_type type) {
  struct __res_state resolver{};
  if (res_ninit(&resolver) != 0) return Status::Unavailable("no resolver for the DNS");
  resolver.retrans = kAskSeconds;
  resolver.retry = kAskTimes;
  std::vector<unsigned char> answer(kAnswerBytesMax);
  const int length = res_nsearch(&resolver, name.c_str(), ns_c_in, type, answer.data(),
                                 static_cast<int>(answer.size()));
  const int error = resolver.res_h_errno;
  res_nclose(&resolver);
  if (length < 0) {
    answer.clear();
    if (error == HOST_NOT_FOUND || error == NO_DATA) return answer;
    return Status::Unavailable("could not resolve: name=", name, " reason=", hstrerror(error));
  }
  answer.resize(std::min(static_cast<size_t>(length), answer.size()));
  return answer;
}

using Answer = Result<std::vector<TargetGroup>>;

// Of every name, until a stop is requested.
std::vector<Answer> AskAll(const DnsResolver& resolver, const DnsDiscoveryConfig& config,
                           const std::stop_token& stop) {
  std::vector<Answer> answers;
  for (const std::string& name : config.names) {
    if (!stop.stop_requested()) answers.push_back(resolver(name, config));
  }
  return answers;
}

// Nothing ends a call of the resolver, which can take a minute: it gets a thread that nobody waits
// for once a stop is requested.
Result<std::vector<Answer>> LookUp(const DnsResolver& resolver, const DnsDiscoveryConfig& config,
                                   const std::stop_token& stop) {
  const auto awaited = std::make_shared<Awaited<std::vector<Answer>>>();
  std::thread([awaited, resolver, config, stop] {
    awaited->Set(AskAll(resolver, config, stop));
  }).detach();
  std::optional<std::vector<Answer>> answers = awaited->Wait(stop);
  if (!answers || stop.stop_requested()) return Status::Cancelled("discovery stops");
  return *std::move(answers);
}

}  // namespace

Result<std::vector<TargetGroup>> ResolveDnsName(const std::string& name,
                                                const DnsDiscoveryConfig& config) {
  LUMA_ASSIGN_OR_RETURN(const std::vector<unsigned char> answer,
                        Ask(name, RecordType(config.type)));
  if (answer.empty()) return std::vector<TargetGroup>();
  return ParseDnsAnswer(answer, name, config);
}

Result<std::vector<TargetGroup>> ParseDnsAnswer(std::span<const unsigned char> message,
                                                const std::string& name,
                                                const DnsDiscoveryConfig& config) {
  ns_msg parsed{};
  if (ns_initparse(message.data(), static_cast<int>(message.size()), &parsed) != 0) {
    return Status::InvalidArgument("bad answer of the DNS: name=", name);
  }
  std::vector<TargetGroup> groups;
  for (int i = 0; i < ns_msg_count(parsed, ns_s_an); ++i) {
    ns_rr record{};
    if (ns_parserr(&parsed, ns_s_an, i, &record) != 0) {
      return Status::InvalidArgument("bad answer of the DNS: name=", name);
    }
    if (ns_rr_type(record) != RecordType(config.type)) continue;  // aliases on the way
    const Found found = ReadRecord(parsed, record, static_cast<uint16_t>(config.port));
    if (!found.host.empty()) groups.push_back(GroupOf(found, name));
  }
  return groups;
}

Result<std::vector<TargetGroup>> DnsDiscoverer::Discover(const std::stop_token& stop) {
  LUMA_ASSIGN_OR_RETURN(std::vector<Answer> answers, LookUp(resolver_, config_, stop));
  Status first_error;
  size_t failed = 0;
  std::vector<TargetGroup> all;
  for (size_t i = 0; i < answers.size(); ++i) {
    std::vector<TargetGroup>& known = known_[config_.names[i]];
    if (answers[i].ok()) {
      known = *std::move(answers[i]);
    } else if (failed++ == 0) {
      first_error = answers[i].status();
    }
    all.insert(all.end(), known.begin(), known.end());
  }
  if (failed == config_.names.size()) return first_error;
  return all;
}

}  // namespace luma::prom
