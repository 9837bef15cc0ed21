#include "rules/yaml.h"

#include <yaml.h>

#include <memory>
#include <set>
#include <string>

namespace luma::rules {
namespace {

// libyaml's parser and document, freed in the end. Its texts are unsigned characters.
class Parser {
 public:
  explicit Parser(std::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const yaml_char_t*>(text.data()),
                                 text.size());
  }
  ~Parser() {
    if (loaded_) yaml_document_delete(&document_);
    yaml_parser_delete(&parser_);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  Status Load() {
    loaded_ = yaml_parser_load(&parser_, &document_) != 0;
    if (loaded_) return Status::Ok();
    const char* const problem = parser_.problem != nullptr ? parser_.problem : "out of memory";
    return Status::InvalidArgument("line ", parser_.problem_mark.line + 1, ": ", problem);
  }

  Result<YamlNode> Root() {
    const yaml_node_t* const root = yaml_document_get_root_node(&document_);
    if (root == nullptr)
      return YamlNode{.kind = YamlNode::Kind::kScalar, .text = {}, .plain = true};
    return Convert(*root, 0);
  }

 private:
  Result<YamlNode> Convert(const yaml_node_t& from, int depth) {
    YamlNode node;
    node.line = from.start_mark.line + 1;
    node.column = from.start_mark.column + 1;
    if (depth > kYamlDepthMax) return At(node, "nested too deeply");
    if (++count_ > kYamlNodesMax) return At(node, "too many values");
    switch (from.type) {
      case YAML_SEQUENCE_NODE:
        LUMA_RETURN_IF_ERROR(ConvertItems(from, depth, node));
        break;
      case YAML_MAPPING_NODE:
        LUMA_RETURN_IF_ERROR(ConvertEntries(from, depth, node));
        break;
      default:
        text_bytes_ += from.data.scalar.length;
        if (text_bytes_ > kYamlTextBytesMax) return At(node, "too much text");
        node.text.assign(reinterpret_cast<const char*>(from.data.scalar.value),
                         from.data.scalar.length);
        node.plain = from.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    }
    return node;
  }

  Status ConvertItems(const yaml_node_t& from, int depth, YamlNode& node) {
    node.kind = YamlNode::Kind::kSequence;
    const auto& items = from.data.sequence.items;
    for (const yaml_node_item_t* item = items.start; item < items.top; ++item) {
      LUMA_ASSIGN_OR_RETURN(YamlNode one,
                            Convert(*yaml_document_get_node(&document_, *item), depth + 1));
      node.items.push_back(std::move(one));
    }
    return Status::Ok();
  }

  Status ConvertEntries(const yaml_node_t& from, int depth, YamlNode& node) {
    node.kind = YamlNode::Kind::kMapping;
    const auto& pairs = from.data.mapping.pairs;
    std::set<std::string> seen;
    for (const yaml_node_pair_t* pair = pairs.start; pair < pairs.top; ++pair) {
      LUMA_ASSIGN_OR_RETURN(YamlNode key,
                            Convert(*yaml_document_get_node(&document_, pair->key), depth + 1));
      if (key.kind != YamlNode::Kind::kScalar) return At(key, "a key must be a text");
      if (!seen.insert(key.text).second) {
        return At(key, "mapping key \"" + key.text + "\" already defined");
      }
      LUMA_ASSIGN_OR_RETURN(YamlNode value,
                            Convert(*yaml_document_get_node(&document_, pair->value), depth + 1));
      node.entries.emplace_back(std::move(key), std::move(value));
    }
    return Status::Ok();
  }

  static Status At(const YamlNode& node, std::string_view problem) {
    return Status::InvalidArgument("line ", node.line, ": ", problem);
  }

  yaml_parser_t parser_;
  yaml_document_t document_;
  bool loaded_ = false;
  size_t count_ = 0;
  size_t text_bytes_ = 0;
};

}  // namespace

bool YamlNode::IsNull() const {
  return kind == Kind::kScalar && plain &&
         (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL");
}

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

Result<YamlNode> ParseYaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) {
    return Status::InvalidArgument("file is too large: bytes=", text.size(),
                                   " limit=", kYamlBytesMax);
  }
  Parser parser(text);
  LUMA_RETURN_IF_ERROR(parser.Load());
  return parser.Root();
}

}  // namespace luma::rules
