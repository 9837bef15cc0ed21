// Any bytes are an answer of the DNS or an error.
#include <cstddef>
#include <cstdint>

#include "prom/scrape/dns_discovery.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  luma::prom::DnsDiscoveryConfig config;
  config.type = static_cast<luma::prom::DnsDiscoveryConfig::Type>(data[0] % 5);
  config.port = 1;
  static_cast<void>(luma::prom::ParseDnsAnswer({data + 1, size - 1}, "name", config));
  return 0;
}
