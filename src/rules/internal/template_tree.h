// The tree of a template. Plain data; made by template_parser.h.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "rules/template_value.h"

namespace luma::rules {

struct TemplatePipeline;

struct TemplateDot {};
struct TemplateVariable {
  std::string name;  // with its "$"
};
struct TemplateFunctionName {
  std::string name;
};
using TemplateOperandBase = std::variant<TemplateDot, TemplateVariable, TemplateFunctionName,
                                         TemplateValue, std::shared_ptr<const TemplatePipeline>>;

// A base and the fields asked of it: $labels.job.
struct TemplateOperand {
  TemplateOperandBase base;
  std::vector<std::string> fields;
};

// A function with its arguments, or one operand.
struct TemplateCommand {
  std::vector<TemplateOperand> operands;
};

struct TemplatePipeline {
  std::vector<std::string> variables;  // that get the value; two only in range
  bool declares = true;                // ":="; otherwise "="
  std::vector<TemplateCommand> commands;
};

struct TemplateText {
  std::string text;
};
struct TemplateAction {
  TemplatePipeline pipeline;
};
struct TemplateNode;
struct TemplateBlock {
  std::vector<TemplateNode> nodes;
};
struct TemplateBranch {
  enum class Kind { kIf, kRange, kWith };
  Kind kind = Kind::kIf;
  TemplatePipeline pipeline;
  TemplateBlock then_block;
  TemplateBlock else_block;
};
struct TemplateNode {
  std::variant<TemplateText, TemplateAction, TemplateBranch> node;
};

}  // namespace luma::rules
