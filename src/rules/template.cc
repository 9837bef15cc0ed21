#include "rules/template.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "rules/internal/template_functions.h"
#include "rules/internal/template_parser.h"
#include "rules/internal/template_tree.h"

namespace luma::rules {
namespace {

// One expansion: walks the tree and appends to the text.
class Expander {
 public:
  explicit Expander(const TemplateData& data) : data_(data) {
    auto root = std::make_shared<TemplateRecord>();
    (*root)["Labels"] = TemplateValue(data.labels);
    (*root)["ExternalLabels"] = TemplateValue(data.external_labels);
    (*root)["ExternalURL"] = TemplateValue(data.external_url);
    (*root)["Value"] =
        data.histogram == nullptr ? TemplateValue(data.value) : TemplateValue(data.histogram);
    dot_ = TemplateValue(std::shared_ptr<const TemplateRecord>(root));
    variables_ = {{"$", dot_},
                  {"$labels", root->at("Labels")},
                  {"$externalLabels", root->at("ExternalLabels")},
                  {"$externalURL", root->at("ExternalURL")},
                  {"$value", root->at("Value")}};
  }

  Status Run(const TemplateBlock& block) {
    for (const TemplateNode& node : block.nodes) {
      LUMA_RETURN_IF_ERROR(std::visit([this](const auto& one) { return Expand(one); }, node.node));
      LUMA_RETURN_IF_ERROR(CountStep());
      if (out_.size() > kExpandedBytesMax) return TooLong();
    }
    return Status::Ok();
  }
  std::string Take() { return std::move(out_); }

 private:
  using Variables = std::vector<std::pair<std::string, TemplateValue>>;

  static Status TooLong() {
    return Status::TooLarge("expanded template is too long: limit=", kExpandedBytesMax);
  }
  Status CountStep() {
    if (++steps_ <= kExpansionStepsMax) return Status::Ok();
    return Status::TooLarge("template takes too long: steps=", kExpansionStepsMax);
  }
  // Every value that is made or copied goes through here: a text doubled again and again, or held
  // by many variables, is no way to fill memory.
  Result<TemplateValue> Counted(TemplateValue value) {
    const auto* const text = value.As<std::string>();
    if (text == nullptr) return value;
    if (text->size() > kExpandedBytesMax) return TooLong();
    bytes_ += text->size();
    if (bytes_ <= kExpansionBytesMax) return value;
    return Status::TooLarge("template makes too much text: limit=", kExpansionBytesMax);
  }

  Status Expand(const TemplateText& text) {
    out_ += text.text;
    return Status::Ok();
  }
  Status Expand(const TemplateAction& action) {
    LUMA_ASSIGN_OR_RETURN(const TemplateValue value, Evaluate(action.pipeline));
    if (action.pipeline.variables.empty()) out_ += value.Text(kExpandedBytesMax);
    return Status::Ok();
  }
  Status Expand(const TemplateBranch& branch) {
    const size_t variables_before = variables_.size();
    const Status status =
        branch.kind == TemplateBranch::Kind::kRange ? Range(branch) : Branch(branch);
    variables_.resize(variables_before);
    return status;
  }

  // if and with
  Status Branch(const TemplateBranch& branch) {
    LUMA_ASSIGN_OR_RETURN(TemplateValue value, Evaluate(branch.pipeline));
    const bool taken = value.IsTrue();
    if (!taken || branch.kind == TemplateBranch::Kind::kIf) {
      return RunScoped(taken ? branch.then_block : branch.else_block);
    }
    return RunWithDot(branch.then_block, std::move(value));
  }

  Status RunScoped(const TemplateBlock& block) {
    const size_t variables_before = variables_.size();
    const Status status = Run(block);
    variables_.resize(variables_before);
    return status;
  }

  Status RunWithDot(const TemplateBlock& block, TemplateValue dot) {
    TemplateValue before = std::exchange(dot_, std::move(dot));
    const Status status = RunScoped(block);
    dot_ = std::move(before);
    return status;
  }

  Status Range(const TemplateBranch& branch) {
    LUMA_ASSIGN_OR_RETURN(const TemplateValue value, EvaluateCommands(branch.pipeline));
    LUMA_ASSIGN_OR_RETURN(const Variables elements, ElementsOf(value));
    if (elements.empty()) return RunScoped(branch.else_block);
    const std::vector<std::string>& names = branch.pipeline.variables;
    const size_t variables_before = variables_.size();
    int64_t position = 0;
    for (const auto& [key, element] : elements) {
      LUMA_RETURN_IF_ERROR(CountStep());
      if (names.size() == 2) {
        variables_.emplace_back(names[0],
                                key.empty() ? TemplateValue(position) : TemplateValue(key));
      }
      if (!names.empty()) variables_.emplace_back(names.back(), element);
      LUMA_RETURN_IF_ERROR(RunWithDot(branch.then_block, element));
      variables_.resize(variables_before);
      ++position;
    }
    return Status::Ok();
  }

  // What range goes over: maps by key, samples by position, which is no key.
  static Result<Variables> ElementsOf(const TemplateValue& value) {
    Variables elements;
    if (const auto* labels = value.As<std::shared_ptr<const LabelMap>>()) {
      for (const auto& [name, label] : **labels) elements.emplace_back(name, TemplateValue(label));
      return elements;
    }
    if (const auto* samples = value.As<std::shared_ptr<const TemplateSamples>>()) {
      for (const TemplateSample& sample : **samples) {
        elements.emplace_back("", TemplateValue(std::make_shared<const TemplateSample>(sample)));
      }
      return elements;
    }
    if (const auto* record = value.As<std::shared_ptr<const TemplateRecord>>()) {
      for (const auto& [name, field] : **record) elements.emplace_back(name, field);
      return elements;
    }
    if (value.is_nil()) return elements;
    return Status::InvalidArgument("range can't iterate over ", value.Text(kExpandedBytesMax));
  }

  Result<TemplateValue> Evaluate(const TemplatePipeline& pipeline) {
    LUMA_ASSIGN_OR_RETURN(TemplateValue value, EvaluateCommands(pipeline));
    for (const std::string& name : pipeline.variables) {
      if (pipeline.declares) {
        variables_.emplace_back(name, value);
      } else {
        TemplateValue* const variable = FindVariable(name);
        if (variable == nullptr) return Status::InvalidArgument("undefined variable: ", name);
        *variable = value;
      }
    }
    return value;
  }

  // Each command gets what the one before it gave as its last argument.
  Result<TemplateValue> EvaluateCommands(const TemplatePipeline& pipeline) {
    const TemplateValue* last = nullptr;
    TemplateValue value;
    for (const TemplateCommand& command : pipeline.commands) {
      LUMA_ASSIGN_OR_RETURN(value, EvaluateCommand(command, last));
      last = &value;
    }
    return value;
  }

  Result<TemplateValue> EvaluateCommand(const TemplateCommand& command, const TemplateValue* last) {
    const TemplateOperand& first = command.operands.front();
    const auto* name = std::get_if<TemplateFunctionName>(&first.base);
    if (name == nullptr) {
      if (last != nullptr) return Status::InvalidArgument("can't give argument to non-function");
      return EvaluateOperand(first);
    }
    std::vector<TemplateValue> arguments;
    for (size_t i = 1; i < command.operands.size(); ++i) {
      LUMA_ASSIGN_OR_RETURN(TemplateValue argument, EvaluateOperand(command.operands[i]));
      arguments.push_back(std::move(argument));
    }
    if (last != nullptr) arguments.push_back(*last);
    LUMA_ASSIGN_OR_RETURN(TemplateValue value, CallFunction(name->name, arguments));
    return FieldsOf(std::move(value), first.fields);
  }

  Result<TemplateValue> CallFunction(const std::string& name,
                                     const std::vector<TemplateValue>& arguments) {
    const TemplateFunction& function = *FindTemplateFunction(name);  // the parser found it
    if (arguments.size() < function.arguments_min || arguments.size() > function.arguments_max) {
      return Status::InvalidArgument("wrong number of args for ", name, ": want ",
                                     function.arguments_min, " got ", arguments.size());
    }
    Result<TemplateValue> value = function.run({.data = data_, .arguments = arguments});
    if (value.ok()) return Counted(*std::move(value));
    return value.status().WithContext("error calling " + name);
  }

  Result<TemplateValue> EvaluateOperand(const TemplateOperand& operand) {
    LUMA_ASSIGN_OR_RETURN(
        TemplateValue base,
        std::visit([this](const auto& one) { return EvaluateBase(one); }, operand.base));
    LUMA_ASSIGN_OR_RETURN(TemplateValue value, FieldsOf(std::move(base), operand.fields));
    return Counted(std::move(value));
  }

  Result<TemplateValue> EvaluateBase(const TemplateDot&) { return dot_; }
  Result<TemplateValue> EvaluateBase(const TemplateVariable& variable) {
    if (const TemplateValue* value = FindVariable(variable.name)) return *value;
    return Status::InvalidArgument("undefined variable: ", variable.name);
  }
  Result<TemplateValue> EvaluateBase(const TemplateFunctionName& name) {
    return CallFunction(name.name, {});
  }
  Result<TemplateValue> EvaluateBase(const TemplateValue& literal) { return literal; }
  Result<TemplateValue> EvaluateBase(const std::shared_ptr<const TemplatePipeline>& inner) {
    return Evaluate(*inner);
  }

  static Result<TemplateValue> FieldsOf(TemplateValue value,
                                        const std::vector<std::string>& fields) {
    for (const std::string& field : fields) {
      LUMA_ASSIGN_OR_RETURN(value, FieldOf(value, field));
    }
    return value;
  }

  // A label that is not there is "".
  static Result<TemplateValue> FieldOf(const TemplateValue& value, const std::string& field) {
    if (const auto* labels = value.As<std::shared_ptr<const LabelMap>>()) {
      const auto found = (*labels)->find(field);
      return TemplateValue(found == (*labels)->end() ? std::string() : found->second);
    }
    if (const auto* record = value.As<std::shared_ptr<const TemplateRecord>>()) {
      if (const auto found = (*record)->find(field); found != (*record)->end()) {
        return found->second;
      }
    }
    if (const auto* sample = value.As<std::shared_ptr<const TemplateSample>>()) {
      if (field == "Labels") return TemplateValue((*sample)->labels);
      if (field == "Value") return TemplateValue((*sample)->value);
    }
    return Status::InvalidArgument("can't evaluate field ", field, " in type ", value.TypeName());
  }

  // Null in the else of a range whose variables never had a value.
  TemplateValue* FindVariable(const std::string& name) {
    const auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                                    [&name](const auto& one) { return one.first == name; });
    return found == variables_.rend() ? nullptr : &found->second;
  }

  const TemplateData& data_;
  TemplateValue dot_;
  Variables variables_;
  std::string out_;
  int64_t steps_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace

Result<Template> Template::Parse(std::string_view text) {
  LUMA_ASSIGN_OR_RETURN(auto block, ParseTemplate(text));
  return Template(std::move(block));
}

Result<std::string> Template::Expand(const TemplateData& data) const {
  Expander expander(data);
  LUMA_RETURN_IF_ERROR(expander.Run(*block_));
  return expander.Take();
}

}  // namespace luma::rules
