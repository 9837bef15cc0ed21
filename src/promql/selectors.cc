#include "promql/selectors.h"

#include <utility>
#include <variant>

namespace luma::promql {
namespace {

// Parsing bounds the depth of the tree.
class SelectorCollector {
 public:
  void Visit(const Expr& expr) {
    std::visit([this](const auto& node) { VisitNode(node); }, expr.node);
  }
  std::vector<Matchers> Take() { return std::move(selectors_); }

 private:
  void VisitNode(const NumberLiteral&) {}
  void VisitNode(const StringLiteral&) {}
  void VisitNode(const VectorSelector& node) { selectors_.push_back(node.matchers); }
  void VisitNode(const MatrixSelector& node) { selectors_.push_back(node.vector.matchers); }
  void VisitNode(const Subquery& node) { Visit(*node.expr); }
  void VisitNode(const UnaryMinus& node) { Visit(*node.expr); }
  void VisitNode(const Paren& node) { Visit(*node.expr); }
  void VisitNode(const Binary& node) {
    Visit(*node.left);
    Visit(*node.right);
  }
  void VisitNode(const Aggregate& node) {
    if (node.parameter != nullptr) Visit(*node.parameter);
    Visit(*node.expr);
  }
  void VisitNode(const Call& node) {
    for (const ExprPtr& argument : node.arguments) Visit(*argument);
  }

  std::vector<Matchers> selectors_;
};

}  // namespace

std::vector<Matchers> SelectorsOf(const Expr& expr) {
  SelectorCollector collector;
  collector.Visit(expr);
  return collector.Take();
}

}  // namespace luma::promql
