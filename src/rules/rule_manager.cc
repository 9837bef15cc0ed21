#include "rules/rule_manager.h"

#include <glob.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

#include "base/hash.h"

namespace luma::rules {
namespace {

// The threads sleep this long when there is nothing to do; also the longest that a jump of the wall
// clock goes unseen.
constexpr std::chrono::milliseconds kIdle{1'000};

Result<std::vector<std::string>> FilesOf(const std::string& pattern) {
  glob_t found{};
  const int outcome = glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> files;
  for (size_t i = 0; outcome == 0 && i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
  globfree(&found);
  const bool is_pattern = pattern.find_first_of("*?[") != std::string::npos;
  if (files.empty() && !is_pattern) return Status::NotFound("no such rule file: path=", pattern);
  return files;
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const bool empty = file.is_open() && file.peek() == std::ifstream::traits_type::eof();
  if (empty && !file.bad()) return std::string();
  std::ostringstream text;
  if (!empty && text << file.rdbuf()) return std::move(text).str();
  return Status::NotFound("cannot read rule file: path=", path);
}

bool SameGroup(const RuleGroup& group, const RuleGroupSpec& spec) {
  return group.spec().file == spec.file && group.spec().name == spec.name;
}

RuleGroupOptions OptionsOf(const RuleGroupSpec& spec, const RuleManagerOptions& options) {
  RuleGroupOptions of_group = options.groups;
  of_group.interval = spec.interval.value_or(options.groups.interval);
  return of_group;
}

// Whether the group needs not be replaced.
bool GoesOn(const RuleGroup& group, const std::vector<RuleGroupSpec>& specs,
            const RuleManagerOptions& options) {
  return std::ranges::any_of(specs, [&](const RuleGroupSpec& spec) {
    return SameGroup(group, spec) && SameRules(group.spec(), spec) &&
           group.options().EvaluatesAs(OptionsOf(spec, options));
  });
}

}  // namespace

Result<std::vector<RuleGroupSpec>> LoadRuleFiles(const std::vector<std::string>& patterns) {
  std::vector<RuleGroupSpec> all;
  std::set<std::string> seen;
  for (const std::string& pattern : patterns) {
    LUMA_ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(pattern));
    for (const std::string& file : files) {
      if (!seen.insert(file).second) continue;
      LUMA_ASSIGN_OR_RETURN(const std::string text, ReadFile(file));
      LUMA_ASSIGN_OR_RETURN(std::vector<RuleGroupSpec> groups, ParseRuleFile(text, file));
      std::move(groups.begin(), groups.end(), std::back_inserter(all));
    }
  }
  return all;
}

RuleManager::~RuleManager() { Stop(); }

void RuleManager::Update(const std::vector<RuleGroupSpec>& specs,
                         const RuleManagerOptions& options) {
  for (const std::shared_ptr<RuleGroup>& gone : Replace(specs, options)) {
    gone->EndSeries(clock_.NowMillis());
  }
}

std::vector<std::shared_ptr<RuleGroup>> RuleManager::Replace(
    const std::vector<RuleGroupSpec>& specs, const RuleManagerOptions& options) {
  MutexLock lock(mutex_);
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (!GoesOn(*slot->group, specs, options)) Interrupt(*slot);
  }
  AwaitLeaving();
  std::vector<std::unique_ptr<Slot>> before = std::exchange(slots_, {});
  for (const RuleGroupSpec& spec : specs) {
    const auto same = std::ranges::find_if(
        before, [&spec](const std::unique_ptr<Slot>& one) { return SameGroup(*one->group, spec); });
    const bool goes_on = same != before.end() && !(*same)->leaving;
    slots_.push_back(goes_on ? std::move(*same) : MakeSlot(spec, options));
    if (same == before.end()) continue;
    if (!goes_on) slots_.back()->TakeTurn(**same);
    before.erase(same);
  }
  updated_ = true;
  if (!slots_.empty()) StartThreads(options.threads);
  wake_.NotifyAll();
  std::vector<std::shared_ptr<RuleGroup>> gone;
  for (const std::unique_ptr<Slot>& slot : before) gone.push_back(slot->group);
  return gone;
}

void RuleManager::Interrupt(Slot& slot) {
  slot.leaving = true;
  slot.group->Interrupt();
}

void RuleManager::AwaitLeaving() {
  const auto is_under_way = [](const std::unique_ptr<Slot>& slot) {
    return slot->leaving && slot->busy;
  };
  while (std::ranges::any_of(slots_, is_under_way)) wake_.Wait(mutex_);
}

std::unique_ptr<RuleManager::Slot> RuleManager::MakeSlot(const RuleGroupSpec& spec,
                                                         const RuleManagerOptions& options) const {
  RuleGroupOptions of_group = OptionsOf(spec, options);
  of_group.restore = !updated_;
  auto slot = std::make_unique<Slot>();
  slot->group = std::make_shared<RuleGroup>(spec, parts_, of_group);
  slot->due = FirstTurn(*slot->group);
  return slot;
}

void RuleManager::Slot::TakeTurn(Slot& from) {
  group->TakeState(*from.group);
  if (group->options().interval == from.group->options().interval) due = from.due;
}

void RuleManager::Stop() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (const std::unique_ptr<Slot>& slot : slots_) Interrupt(*slot);
    wake_.NotifyAll();
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

std::vector<RuleGroupState> RuleManager::Groups() const {
  std::vector<std::shared_ptr<RuleGroup>> groups;
  {
    MutexLock lock(mutex_);
    for (const std::unique_ptr<Slot>& slot : slots_) groups.push_back(slot->group);
  }
  std::vector<RuleGroupState> states;
  for (const std::shared_ptr<RuleGroup>& group : groups) states.push_back(group->State());
  return states;
}

void RuleManager::StartThreads(int count) {
  while (static_cast<int>(threads_.size()) < count && !stopping_) {
    threads_.emplace_back([this] { Run(); });
  }
}

// The last moment of the group's phase that has passed, and one interval on.
UnixMillis RuleManager::FirstTurn(const RuleGroup& group) const {
  const std::string key = group.spec().file + ";" + group.spec().name;
  const int64_t interval = group.options().interval.count();
  const auto phase = static_cast<int64_t>(Hash64(AsBytes(key)) % static_cast<uint64_t>(interval));
  const UnixMillis since_phase = clock_.NowMillis() - phase;
  return since_phase - since_phase % interval + phase + interval;
}

void RuleManager::Run() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    std::chrono::milliseconds wait = kIdle;
    Slot* const slot = TakeDue(wait);
    if (slot == nullptr) {
      wake_.WaitFor(mutex_, wait);
      continue;
    }
    const UnixMillis turn = slot->due;
    slot->busy = true;
    const std::shared_ptr<RuleGroup> group = slot->group;
    mutex_.Unlock();
    group->Evaluate(turn);
    ++evaluations_;
    mutex_.Lock();
    // A slot stays while it is busy: an update waits for it, or keeps it. The next turn keeps the
    // phase.
    const int64_t interval = group->options().interval.count();
    const int64_t missed = std::max<int64_t>((clock_.NowMillis() - turn) / interval - 1, 0);
    missed_ += static_cast<uint64_t>(missed);
    slot->due = turn + (missed + 1) * interval;
    slot->busy = false;
    wake_.NotifyAll();
  }
}

RuleManager::Slot* RuleManager::TakeDue(std::chrono::milliseconds& wait) {
  const UnixMillis now = clock_.NowMillis();
  for (const std::unique_ptr<Slot>& slot : slots_) {
    if (slot->busy || slot->leaving) continue;
    // The clock was set back: a turn is never further away than an interval.
    const int64_t interval = slot->group->options().interval.count();
    if (slot->due > now + interval) slot->due = FirstTurn(*slot->group);
    if (slot->due <= now) return slot.get();
    wait = std::min(wait, std::chrono::milliseconds(slot->due - now));
  }
  return nullptr;
}

}  // namespace luma::rules
