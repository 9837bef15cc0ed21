#include "storage/budget.h"

#include <iterator>

namespace luma::storage {

std::string_view BudgetUseName(BudgetUse use) {
  static constexpr std::string_view kNames[] = {
      "hot_rows", "transactions", "series", "indexes", "ingest", "cache", "decode",
      "query",    "sockets",      "flush",  "merge",   "log",    "sql"};
  static_assert(std::size(kNames) == kBudgetUseCount);
  return kNames[static_cast<size_t>(use)];
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

uint64_t MemoryBudget::booked_bytes(BudgetUse use) const {
  if (use == BudgetUse::kSql) return sql_bytes_ == nullptr ? 0 : sql_bytes_->load();
  return by_use_[static_cast<size_t>(use)].load(std::memory_order_relaxed);
}

uint64_t MemoryBudget::limit_bytes(BudgetUse use) const {
  return use == BudgetUse::kSql ? sql_limit_bytes_ : limit_bytes();
}

void MemoryBudget::CountSql(const std::atomic<uint64_t>& bytes, uint64_t limit_bytes) {
  sql_bytes_ = &bytes;
  sql_limit_bytes_ = limit_bytes;
}

uint64_t MemoryBudget::RefuseBooking(uint64_t first, bool forever) {
  refused_forever_ = forever;
  refused_from_ = first;
  return bookings_.exchange(0);
}

bool MemoryBudget::IsRefusedByTest() {
  const uint64_t first = refused_from_.load(std::memory_order_relaxed);
  if (first == 0) return false;
  const uint64_t number = ++bookings_;
  return number == first || (number > first && refused_forever_);
}

// A cache that is to grow must not shrink for it.
Status MemoryBudget::Add(BudgetUse use, uint64_t bytes) {
  const bool is_refused = IsRefusedByTest();
  if (!is_refused && TryAdd(use, bytes)) return Status::Ok();
  MemoryReliever* const reliever = use == BudgetUse::kCache ? nullptr : reliever_.load();
  if (reliever != nullptr && !is_refused) {
    reliever->Relieve(bytes);
    if (TryAdd(use, bytes)) return Status::Ok();
  }
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
