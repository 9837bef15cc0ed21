#include "pgwire/array_format.h"

#include <optional>
#include <vector>

#include "pgwire/binary_from_text.h"
#include "pgwire/wire_writer.h"

namespace luma::pgwire {
namespace {

struct ArrayType {
  uint32_t oid;
  uint32_t element_oid;
};
constexpr ArrayType kArrayTypes[] = {
    {199, 114},   {1000, 16},   {1001, 17},   {1003, 19},   {1005, 21},   {1007, 23},
    {1009, 25},   {1014, 1042}, {1015, 1043}, {1016, 20},   {1021, 700},  {1022, 701},
    {1028, 26},   {1115, 1114}, {1182, 1082}, {1183, 1083}, {1185, 1184}, {1231, 1700},
    {1270, 1266}, {2951, 2950}, {3807, 3802},
};
constexpr int32_t kLowerBound = 1;
constexpr size_t kDimensionsMax = 6;  // as PostgreSQL

// Every array at one depth has as many elements, of one kind.
struct Dimension {
  std::optional<size_t> size;
  std::optional<bool> has_arrays;  // otherwise values
};

// Reads the text form, in which only a quoted element may hold braces, commas or quotes.
class ArrayTextReader {
 public:
  explicit ArrayTextReader(std::string_view text) : text_(text) {}

  Status Read() {
    LUMA_RETURN_IF_ERROR(ReadArray(0));
    return at_ == text_.size() ? Status::Ok() : Malformed();
  }
  const std::vector<Dimension>& dimensions() const { return dimensions_; }  // all known after Read
  const std::vector<std::optional<std::string>>& elements() const { return elements_; }

 private:
  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  Status Malformed() const {
    return Status::InvalidArgument("malformed array: offset=", at_).WithSqlState("22P03");
  }

  Status ReadArray(size_t depth) {
    if (!Take('{')) return Malformed();
    if (depth == kDimensionsMax) return Status::Unsupported("array has too many dimensions");
    if (dimensions_.size() <= depth) dimensions_.resize(depth + 1);
    size_t count = 0;
    if (!Take('}')) {
      do {
        LUMA_RETURN_IF_ERROR(ReadOne(depth));
        ++count;
      } while (Take(','));
      if (!Take('}')) return Malformed();
    }
    Dimension& dimension = dimensions_[depth];
    if (!dimension.size.has_value()) dimension.size = count;
    if (dimension.size == count) return Status::Ok();
    return Status::Unsupported("inner arrays of different lengths have no binary form");
  }

  Status ReadOne(size_t depth) {
    const bool is_array = at_ < text_.size() && text_[at_] == '{';
    Dimension& dimension = dimensions_[depth];
    if (!dimension.has_arrays.has_value()) dimension.has_arrays = is_array;
    if (dimension.has_arrays != is_array) {
      return Status::Unsupported("arrays of arrays and values have no binary form");
    }
    return is_array ? ReadArray(depth + 1) : ReadElement();
  }

  Status ReadElement() {
    if (Take('"')) return ReadQuoted();
    const size_t end = text_.find_first_of(",}", at_);
    if (end == std::string_view::npos) return Malformed();
    const std::string_view bare = text_.substr(at_, end - at_);
    at_ = end;
    if (bare == "NULL") {
      elements_.emplace_back(std::nullopt);
    } else {
      elements_.emplace_back(std::string(bare));
    }
    return Status::Ok();
  }

  Status ReadQuoted() {
    std::string value;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value.push_back(text_[at_]);
    }
    elements_.emplace_back(std::move(value));
    return Take('"') ? Status::Ok() : Malformed();
  }

  const std::string_view text_;
  size_t at_ = 0;
  std::vector<Dimension> dimensions_;
  std::vector<std::optional<std::string>> elements_;
};

bool HasNull(const std::vector<std::optional<std::string>>& elements) {
  for (const auto& element : elements) {
    if (!element.has_value()) return true;
  }
  return false;
}

}  // namespace

uint32_t ArrayElementOid(uint32_t oid) {
  for (const ArrayType& type : kArrayTypes) {
    if (type.oid == oid) return type.element_oid;
  }
  return 0;
}

Status AppendArrayBinary(std::string_view text, uint32_t element_oid, std::string& out) {
  ArrayTextReader array(text);
  LUMA_RETURN_IF_ERROR(array.Read());
  WireWriter writer(out);
  // An array without elements has no dimensions.
  writer.Int32(array.elements().empty() ? 0 : static_cast<int32_t>(array.dimensions().size()));
  writer.Int32(HasNull(array.elements()) ? 1 : 0);
  writer.Int32(static_cast<int32_t>(element_oid));
  if (array.elements().empty()) return Status::Ok();
  for (const Dimension& dimension : array.dimensions()) {
    writer.Int32(static_cast<int32_t>(*dimension.size));
    writer.Int32(kLowerBound);
  }
  for (const std::optional<std::string>& element : array.elements()) {
    if (!element.has_value()) {
      writer.NullValue();
      continue;
    }
    writer.BeginValue();
    LUMA_RETURN_IF_ERROR(AppendBinaryFromText(*element, element_oid, out));
    writer.EndValue();
  }
  return Status::Ok();
}

}  // namespace luma::pgwire
