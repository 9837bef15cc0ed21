#include "rules/internal/template_parser.h"

#include <algorithm>
#include <utility>

#include "rules/internal/template_functions.h"
#include "rules/internal/template_lexer.h"
#include "rules/template.h"

namespace luma::rules {
namespace {

using Kind = TemplateTokenKind;

constexpr std::string_view kSpace = " \t\r\n";

class TemplateParser {
 public:
  explicit TemplateParser(std::string_view text) : rest_(text) {}

  Result<TemplateBlock> Run() { return ReadBlock(/*nested=*/false); }

 private:
  // Why ReadBlock stopped.
  enum class Stop { kEndOfText, kEnd, kElse };

  // Nodes up to "end" or "else", or to the end of the text when not nested.
  Result<TemplateBlock> ReadBlock(bool nested) {
    TemplateBlock block;
    while (!rest_.empty()) {
      LUMA_RETURN_IF_ERROR(ReadText(block));
      if (rest_.empty()) break;
      rest_.remove_prefix(2);  // "{{"
      LUMA_ASSIGN_OR_RETURN(const bool comment, SkipComment());
      if (comment) continue;
      LUMA_RETURN_IF_ERROR(ReadTokens());
      if (IsWord("end") || IsWord("else")) {
        if (!nested) return Status::InvalidArgument("unexpected {{", Peek().text, "}}");
        stop_ = IsWord("end") ? Stop::kEnd : Stop::kElse;
        ++at_;
        return block;
      }
      LUMA_ASSIGN_OR_RETURN(TemplateNode node, ReadAction());
      block.nodes.push_back(std::move(node));
    }
    if (nested) return Status::InvalidArgument("unexpected EOF");
    stop_ = Stop::kEndOfText;
    return block;
  }

  // What stands before the next action.
  Status ReadText(TemplateBlock& block) {
    const size_t open = std::min(rest_.find("{{"), rest_.size());
    std::string_view text = rest_.substr(0, open);
    rest_.remove_prefix(open);
    if (std::exchange(trims_next_, false)) {
      text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
    }
    if (StartsTrimming()) {
      text = text.substr(0, text.find_last_not_of(kSpace) + 1);
      rest_.remove_prefix(1);  // so that what is left of "{{-" is two bytes, too
    }
    if (!text.empty()) block.nodes.push_back({TemplateText{std::string(text)}});
    return Status::Ok();
  }

  // "{{- ": with a space behind, otherwise the "-" is a sign.
  bool StartsTrimming() const {
    return rest_.starts_with("{{-") && rest_.size() > 3 &&
           kSpace.find(rest_[3]) != std::string_view::npos;
  }

  Result<bool> SkipComment() {
    const std::string_view inner =
        rest_.substr(std::min(rest_.find_first_not_of(kSpace), rest_.size()));
    if (!inner.starts_with("/*")) return false;
    const size_t close = inner.find("*/");
    if (close == std::string_view::npos) return Status::InvalidArgument("unclosed comment");
    std::string_view after = inner.substr(close + 2);
    const std::string_view trimmed =
        after.substr(std::min(after.find_first_not_of(kSpace), after.size()));
    trims_next_ = trimmed.size() < after.size() && trimmed.starts_with("-}}");
    if (trims_next_) after = trimmed.substr(1);
    if (!after.starts_with("}}")) {
      return Status::InvalidArgument("comment ends before closing delimiter");
    }
    rest_ = after.substr(2);
    return true;
  }

  Status ReadTokens() {
    at_ = 0;
    LUMA_ASSIGN_OR_RETURN(tokens_, TokenizeAction(rest_, rest_, trims_next_));
    return Status::Ok();
  }

  const TemplateToken& Peek() const { return tokens_[at_]; }
  bool Is(Kind kind) const { return Peek().kind == kind; }
  bool IsWord(std::string_view word) const { return Is(Kind::kWord) && Peek().text == word; }
  bool Accept(Kind kind) {
    const bool found = Is(kind);
    if (found && kind != Kind::kEnd) ++at_;  // the end is never passed
    return found;
  }

  Result<TemplateNode> ReadAction() {
    for (const auto& [word, kind] : {std::pair("if", TemplateBranch::Kind::kIf),
                                     std::pair("range", TemplateBranch::Kind::kRange),
                                     std::pair("with", TemplateBranch::Kind::kWith)}) {
      if (!IsWord(word)) continue;
      ++at_;
      return ReadBranch(kind);
    }
    for (const std::string_view word : {"define", "template", "block", "break", "continue"}) {
      if (IsWord(word)) return Status::InvalidArgument("unsupported template action: ", word);
    }
    LUMA_ASSIGN_OR_RETURN(TemplatePipeline pipeline, ReadPipeline());
    LUMA_RETURN_IF_ERROR(ExpectEnd());
    return TemplateNode{TemplateAction{std::move(pipeline)}};
  }

  Status ExpectEnd() const {
    if (Is(Kind::kEnd)) return Status::Ok();
    return Status::InvalidArgument("unexpected \"", Peek().text, "\" in command");
  }

  // The word has been taken. What is declared here ends with the branch.
  Result<TemplateNode> ReadBranch(TemplateBranch::Kind kind) {
    if (++nesting_ > kTemplateNestingMax) {
      return Status::InvalidArgument("template is nested too deeply");
    }
    const size_t variables_before = variables_.size();
    TemplateBranch branch;
    branch.kind = kind;
    LUMA_ASSIGN_OR_RETURN(branch.pipeline, ReadPipeline());
    LUMA_RETURN_IF_ERROR(ExpectEnd());
    LUMA_ASSIGN_OR_RETURN(branch.then_block, ReadScopedBlock());
    if (stop_ == Stop::kElse) {
      LUMA_RETURN_IF_ERROR(ReadElse(branch));
    }
    variables_.resize(variables_before);
    --nesting_;
    return TemplateNode{std::move(branch)};
  }

  Result<TemplateBlock> ReadScopedBlock() {
    const size_t variables_before = variables_.size();
    Result<TemplateBlock> block = ReadBlock(/*nested=*/true);
    variables_.resize(variables_before);
    return block;
  }

  // {{else}} or {{else if ...}}, which is an else with an if in it that share their end.
  Status ReadElse(TemplateBranch& branch) {
    const bool else_if = IsWord("if") && branch.kind == TemplateBranch::Kind::kIf;
    const bool else_with = IsWord("with") && branch.kind == TemplateBranch::Kind::kWith;
    if (else_if || else_with) {
      ++at_;
      LUMA_ASSIGN_OR_RETURN(TemplateNode inner, ReadBranch(branch.kind));
      branch.else_block.nodes.push_back(std::move(inner));
      return Status::Ok();
    }
    LUMA_RETURN_IF_ERROR(ExpectEnd());
    LUMA_ASSIGN_OR_RETURN(branch.else_block, ReadScopedBlock());
    if (stop_ == Stop::kElse) return Status::InvalidArgument("expected end; found {{else}}");
    return Status::Ok();
  }

  // [$a [, $b] := | =] command | command ...
  Result<TemplatePipeline> ReadPipeline() {
    if (++nesting_ > kTemplateNestingMax) {
      return Status::InvalidArgument("template is nested too deeply");
    }
    TemplatePipeline pipeline;
    LUMA_RETURN_IF_ERROR(ReadDeclaration(pipeline));
    do {
      LUMA_ASSIGN_OR_RETURN(TemplateCommand command, ReadCommand());
      pipeline.commands.push_back(std::move(command));
    } while (Accept(Kind::kPipe));
    if (pipeline.declares) {
      variables_.insert(variables_.end(), pipeline.variables.begin(), pipeline.variables.end());
    }
    --nesting_;
    return pipeline;
  }

  Status ReadDeclaration(TemplatePipeline& pipeline) {
    size_t count = 0;
    while (tokens_[at_ + 2 * count].kind == Kind::kVariable) {
      ++count;
      const Kind next = tokens_[at_ + 2 * count - 1].kind;
      if (next == Kind::kDeclare || next == Kind::kAssign) break;
      if (next != Kind::kComma) return Status::Ok();  // a variable that is read
    }
    if (count > 0 && tokens_[at_ + 2 * count - 1].kind == Kind::kComma) {
      return Status::InvalidArgument("unexpected \",\" in operand");
    }
    for (; count > 0; --count) {
      const std::string& name = Peek().text;
      pipeline.declares = tokens_[at_ + 1].kind != Kind::kAssign;
      pipeline.variables.push_back(name);
      at_ += 2;
    }
    if (pipeline.variables.size() > 2) {
      return Status::InvalidArgument("too many declarations in template");
    }
    return Status::Ok();
  }

  Result<TemplateCommand> ReadCommand() {
    TemplateCommand command;
    while (!Is(Kind::kEnd) && !Is(Kind::kPipe) && !Is(Kind::kRightParen)) {
      LUMA_ASSIGN_OR_RETURN(TemplateOperand operand, ReadOperand());
      command.operands.push_back(std::move(operand));
      const auto& first = command.operands.front();
      const bool called = std::holds_alternative<TemplateFunctionName>(first.base);
      if (command.operands.size() > 1 && !called) {
        return Status::InvalidArgument("can't give argument to non-function");
      }
    }
    if (command.operands.empty()) return Status::InvalidArgument("missing value for command");
    return command;
  }

  Result<TemplateOperand> ReadOperand() {
    TemplateOperand operand;
    LUMA_ASSIGN_OR_RETURN(operand.base, ReadBase(operand));
    while (Is(Kind::kField) && !Peek().after_space) operand.fields.push_back(tokens_[at_++].text);
    return operand;
  }

  Result<TemplateOperandBase> ReadBase(TemplateOperand& operand) {
    const TemplateToken token = Peek();
    if (!Accept(token.kind) || token.kind == Kind::kEnd) {
      return Status::InvalidArgument("missing value for command");
    }
    switch (token.kind) {
      case Kind::kLiteral:
        return TemplateOperandBase(token.literal);
      case Kind::kDot:
        return TemplateOperandBase(TemplateDot());
      case Kind::kField:
        operand.fields.push_back(token.text);
        return TemplateOperandBase(TemplateDot());
      case Kind::kVariable:
        if (std::ranges::find(variables_, token.text) == variables_.end()) {
          return Status::InvalidArgument("undefined variable \"", token.text, "\"");
        }
        return TemplateOperandBase(TemplateVariable{token.text});
      case Kind::kLeftParen: {
        LUMA_ASSIGN_OR_RETURN(TemplatePipeline inner, ReadPipeline());
        if (!Accept(Kind::kRightParen)) return Status::InvalidArgument("unclosed left paren");
        return TemplateOperandBase(std::make_shared<const TemplatePipeline>(std::move(inner)));
      }
      case Kind::kWord:
        return ReadWord(token.text);
      default:
        return Status::InvalidArgument("unexpected \"", token.text, "\" in operand");
    }
  }

  static Result<TemplateOperandBase> ReadWord(const std::string& word) {
    if (word == "true" || word == "false") {
      return TemplateOperandBase(TemplateValue(word == "true"));
    }
    if (word == "nil") return TemplateOperandBase(TemplateValue());
    if (FindTemplateFunction(word) == nullptr) {
      return Status::InvalidArgument("function \"", word, "\" not defined");
    }
    return TemplateOperandBase(TemplateFunctionName{word});
  }

  std::string_view rest_;
  bool trims_next_ = false;  // the action before ended in "-}}"
  std::vector<TemplateToken> tokens_;
  size_t at_ = 0;
  Stop stop_ = Stop::kEndOfText;
  int nesting_ = 0;
  std::vector<std::string> variables_ = {"$", "$labels", "$externalLabels", "$externalURL",
                                         "$value"};
};

}  // namespace

Result<std::shared_ptr<const TemplateBlock>> ParseTemplate(std::string_view text) {
  if (text.size() > kTemplateBytesMax) {
    return Status::InvalidArgument("template is too long: bytes=", text.size(),
                                   " limit=", kTemplateBytesMax);
  }
  LUMA_ASSIGN_OR_RETURN(TemplateBlock block, TemplateParser(text).Run());
  return std::make_shared<const TemplateBlock>(std::move(block));
}

}  // namespace luma::rules
