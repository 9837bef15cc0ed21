#include "prom/scrape/tls_fields.h"

#include <string>

namespace luma::prom {

Status ReadTls(const YamlNode& node, const PathResolver& paths, net::TlsOptions& tls) {
  LUMA_RETURN_IF_ERROR(ReadFields(node, "config.TLSConfig",
                                  {{"ca", Into(tls.ca_text)},
                                   {"cert", Into(tls.certificate_text)},
                                   {"key", Into(tls.key_text)},
                                   {"ca_file", Into(tls.ca_file)},
                                   {"cert_file", Into(tls.certificate_file)},
                                   {"key_file", Into(tls.key_file)},
                                   {"ca_ref", Refused("ca_ref")},
                                   {"cert_ref", Refused("cert_ref")},
                                   {"key_ref", Refused("key_ref")},
                                   {"server_name", Into(tls.server_name)},
                                   {"insecure_skip_verify", Into(tls.skip_verify)},
                                   {"min_version", Into(tls.version_min)},
                                   {"max_version", Into(tls.version_max)}}));
  const bool has_certificate = !tls.certificate_text.empty() || !tls.certificate_file.empty();
  const bool has_key = !tls.key_text.empty() || !tls.key_file.empty();
  if (has_certificate != has_key) {
    return YamlError(node,
                     "exactly one of key or key_file must be configured when a client "
                     "certificate is configured");
  }
  for (const std::string& version : {tls.version_min, tls.version_max}) {
    if (!version.empty() && !net::IsTlsVersion(version)) {
      return YamlError(node, "unknown TLS version: " + version);
    }
  }
  for (std::string* const path : {&tls.ca_file, &tls.certificate_file, &tls.key_file}) {
    paths.Resolve(*path);
  }
  return Status::Ok();
}

}  // namespace luma::prom
