#include "storage/budget.h"

namespace luma::storage {

std::string_view BudgetUseName(BudgetUse use) {
  switch (use) {
    case BudgetUse::kHotRows:
      return "hot_rows";
    case BudgetUse::kTransactions:
      return "transactions";
    case BudgetUse::kSeries:
      return "series";
    case BudgetUse::kIngest:
      return "ingest";
    case BudgetUse::kCache:
      return "cache";
    case BudgetUse::kQuery:
      return "query";
    case BudgetUse::kSockets:
      return "sockets";
    case BudgetUse::kMerge:
      return "merge";
  }
  return "";
}

BudgetLease::BudgetLease(BudgetLease&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)),
      use_(other.use_),
      bytes_(std::exchange(other.bytes_, 0)) {}

BudgetLease& BudgetLease::operator=(BudgetLease&& other) noexcept {
  if (this == &other) return *this;
  Release();
  budget_ = std::exchange(other.budget_, nullptr);
  use_ = other.use_;
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

BudgetLease::~BudgetLease() { Release(); }

Status BudgetLease::Grow(uint64_t bytes) {
  LUMA_CHECK(budget_ != nullptr);
  LUMA_RETURN_IF_ERROR(budget_->Add(use_, bytes));
  bytes_ += bytes;
  return Status::Ok();
}

void BudgetLease::MoveTo(BudgetUse use) {
  if (budget_ != nullptr) budget_->Move(use_, use, bytes_);
  use_ = use;
}

void BudgetLease::Release() {
  if (budget_ != nullptr) budget_->Subtract(use_, bytes_);
  budget_ = nullptr;
  bytes_ = 0;
}

Result<BudgetLease> MemoryBudget::Book(BudgetUse use, uint64_t bytes) {
  LUMA_RETURN_IF_ERROR(Add(use, bytes));
  return BudgetLease(this, use, bytes);
}

BudgetLease MemoryBudget::BookAlways(BudgetUse use, uint64_t bytes) {
  booked_.fetch_add(bytes, std::memory_order_relaxed);
  by_use_[static_cast<size_t>(use)].fetch_add(bytes, std::memory_order_relaxed);
  return BudgetLease(this, use, bytes);
}

Status MemoryBudget::Add(BudgetUse use, uint64_t bytes) {
  if (TryAdd(use, bytes)) return Status::Ok();
  return Status::OutOfMemory("memory budget exceeded: use=", BudgetUseName(use), " asked=", bytes,
                             " booked=", booked_bytes(), " limit=", limit_bytes());
}

bool MemoryBudget::TryAdd(BudgetUse use, uint64_t bytes) {
  uint64_t booked = booked_.load(std::memory_order_relaxed);
  do {
    // Written so that neither a huge request nor a lowered limit wraps around.
    const uint64_t limit = limit_bytes();
    if (booked > limit || bytes > limit - booked) return false;
  } while (!booked_.compare_exchange_weak(booked, booked + bytes, std::memory_order_relaxed));
  by_use_[static_cast<size_t>(use)].fetch_add(bytes, std::memory_order_relaxed);
  return true;
}

void MemoryBudget::Move(BudgetUse from, BudgetUse to, uint64_t bytes) {
  by_use_[static_cast<size_t>(from)].fetch_sub(bytes, std::memory_order_relaxed);
  by_use_[static_cast<size_t>(to)].fetch_add(bytes, std::memory_order_relaxed);
}

void MemoryBudget::Subtract(BudgetUse use, uint64_t bytes) {
  booked_.fetch_sub(bytes, std::memory_order_relaxed);
  by_use_[static_cast<size_t>(use)].fetch_sub(bytes, std::memory_order_relaxed);
}

}  // namespace luma::storage
