#include "prom/remote_read_decoder.h"

#include <optional>
#include <string>
#include <utility>

#include "model/protobuf_reader.h"
#include "model/utf8.h"
#include "prom/protobuf_fields.h"

namespace luma::prom {
namespace {

// Field numbers of prometheus.ReadRequest and what it contains.
constexpr uint32_t kRequestQueries = BytesField(1);
constexpr uint32_t kRequestTypesPacked = BytesField(2);
constexpr uint32_t kRequestTypes = VarintField(2);
constexpr uint32_t kQueryStart = VarintField(1);
constexpr uint32_t kQueryEnd = VarintField(2);
constexpr uint32_t kQueryMatchers = BytesField(3);
constexpr uint32_t kMatcherType = VarintField(1);
constexpr uint32_t kMatcherName = BytesField(2);
constexpr uint32_t kMatcherValue = BytesField(3);

constexpr uint64_t kSamples = 0;
constexpr uint64_t kStreamedXorChunks = 1;

Status Malformed(std::string_view what) {
  return Status::InvalidArgument("malformed protobuf: message=", what);
}

Result<MatchOp> MatchOpOf(uint64_t type) {
  switch (type) {
    case 0:
      return MatchOp::kEqual;
    case 1:
      return MatchOp::kNotEqual;
    case 2:
      return MatchOp::kRegex;
    case 3:
      return MatchOp::kNotRegex;
    default:
      return Status::InvalidArgument("invalid matcher type: type=", type);
  }
}

Result<Matcher> DecodeMatcher(std::string_view message) {
  uint64_t type = 0;
  std::string_view name;
  std::string_view value;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case kMatcherType:
        type = reader.Varint();
        break;
      case kMatcherName:
        name = reader.Bytes();
        break;
      case kMatcherValue:
        value = reader.Bytes();
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) return Malformed("LabelMatcher");
  if (!IsValidUtf8(name) || !IsValidUtf8(value)) {
    return Status::InvalidArgument("label matcher is not valid UTF-8");
  }
  LUMA_ASSIGN_OR_RETURN(const MatchOp op, MatchOpOf(type));
  return Matcher::Create(std::string(name), op, std::string(value));
}

class RequestDecoder {
 public:
  Result<ReadRequest> Decode(std::string_view message) {
    ProtobufReader reader(message);
    while (reader.Next()) {
      switch (reader.tag()) {
        case kRequestQueries:
          LUMA_RETURN_IF_ERROR(DecodeQuery(reader.Bytes()));
          break;
        case kRequestTypes:
          TakeType(reader.Varint());
          break;
        case kRequestTypesPacked:
          LUMA_RETURN_IF_ERROR(DecodeTypes(reader.Bytes()));
          break;
        default:
          reader.Skip();
      }
    }
    if (!reader.ok()) return Malformed("ReadRequest");
    if (any_type_ && !type_) {
      return Status::InvalidArgument(
          "server does not support any of the requested response types: supported=SAMPLES, "
          "STREAMED_XOR_CHUNKS");
    }
    request_.chunks = type_ == kStreamedXorChunks;
    return std::move(request_);
  }

 private:
  Status DecodeQuery(std::string_view message) {
    if (request_.queries.size() >= kReadQueriesMax) {
      return Status::TooLarge("too many queries in one request: limit=", kReadQueriesMax);
    }
    ReadQuery& query = request_.queries.emplace_back();
    ProtobufReader reader(message);
    while (reader.Next()) {
      switch (reader.tag()) {
        case kQueryStart:
          query.range.min = static_cast<int64_t>(reader.Varint());
          break;
        case kQueryEnd:
          query.range.max = static_cast<int64_t>(reader.Varint());
          break;
        case kQueryMatchers: {
          if (++matcher_count_ > kReadMatchersMax) {
            return Status::TooLarge("too many matchers in one request: limit=", kReadMatchersMax);
          }
          LUMA_ASSIGN_OR_RETURN(Matcher matcher, DecodeMatcher(reader.Bytes()));
          query.matchers.push_back(std::move(matcher));
          break;
        }
        default:
          reader.Skip();
      }
    }
    return reader.ok() ? Status::Ok() : Malformed("Query");
  }

  Status DecodeTypes(std::string_view packed) {
    // A list of varints looks like a message of fields to no reader: each is read by itself.
    for (size_t i = 0; i < packed.size(); ++i) {
      const auto byte = static_cast<unsigned char>(packed[i]);
      if (byte < 0x80) {
        TakeType(byte);
        continue;
      }
      while (i < packed.size() && static_cast<unsigned char>(packed[i]) >= 0x80) ++i;
      if (i == packed.size()) return Malformed("ReadRequest");
      TakeType(UINT64_MAX);  // too large for any type there is
    }
    return Status::Ok();
  }

  void TakeType(uint64_t type) {
    any_type_ = true;
    if (!type_ && (type == kSamples || type == kStreamedXorChunks)) type_ = type;
  }

  ReadRequest request_;
  size_t matcher_count_ = 0;
  bool any_type_ = false;
  std::optional<uint64_t> type_;
};

}  // namespace

Result<ReadRequest> DecodeReadRequest(std::string_view message) {
  return RequestDecoder().Decode(message);
}

}  // namespace luma::prom
