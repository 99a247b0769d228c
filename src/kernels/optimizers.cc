// The loops over a row are compiled once for each instruction set of this platform that Highway
// knows; an optimizer is made with those of the best that the CPU has. They are plain loops: the
// compiler makes the vectors, and every length of them does the same operations on each weight.
#include "kernels/optimizers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/status.h"
#include "base/suggest.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/optimizers.cc"
#include <hwy/foreach_target.h>  // Before highway.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cairn::HWY_NAMESPACE {
namespace {

// Those of which each weight goes its own way. State: the rule's first float of each weight, then
// the second of each.
template <typename Rule>
class ByWeight : public RowOptimizer {
 public:
  explicit ByWeight(const Rule& rule, float initial = 0) : rule_(rule), initial_(initial) {}
  uint32_t StateFloats(uint32_t width) const override { return Rule::kStates * width; }
  void InitState(std::span<float> state) const override {
    std::fill(state.begin(), state.end(), initial_);
  }
  void Apply(const RowUpdate& u) const override {
    const size_t width = u.weights.size();
    float* const state = u.state.data();
    Update(rule_, u, width, u.gradient.data(), u.weights.data(),
           Rule::kStates > 0 ? state : nullptr, Rule::kStates > 1 ? state + width : nullptr);
  }

 private:
  // The arrays never overlap: they are different parts of a row, and a gradient. Compilers believe
  // that of parameters.
  static void Update(const Rule rule, const RowUpdate& u, size_t width, const float* __restrict g,
                     float* __restrict w, float* __restrict a, float* __restrict b) {
    const float rate = u.learning_rate, prior = u.prior;
    for (size_t i = 0; i < width; ++i) {
      const float q = Rule::kIsGradient ? g[i] + prior * w[i] : g[i];
      rule.Update(q, rate, w + i, Rule::kStates > 0 ? a + i : nullptr,
                  Rule::kStates > 1 ? b + i : nullptr);
    }
  }

  const Rule rule_;
  const float initial_;
};

// Those that look at a row as a whole.
template <typename Rule>
class ByRow : public RowOptimizer {
 public:
  explicit ByRow(const Rule& rule) : rule_(rule) {}
  void Apply(const RowUpdate& u) const override {
    rule_.UpdateRow(u.gradient.data(), u.prior, u.learning_rate, u.weights.size(), u.weights.data(),
                    u.state.data());
  }

 private:
  const Rule rule_;
};

class RowwiseAdagrad final : public ByRow<RowwiseAdagradRule> {
 public:
  explicit RowwiseAdagrad(const OptimizerSpec& spec)
      : ByRow({spec.epsilon}), initial_(spec.initial_accumulator) {}
  uint32_t StateFloats(uint32_t) const override { return 1; }
  void InitState(std::span<float> state) const override { state[0] = initial_; }

 private:
  const float initial_;
};

class Adam final : public ByRow<AdamRule> {
 public:
  explicit Adam(const OptimizerSpec& spec) : ByRow({spec.beta1, spec.beta2, spec.epsilon}) {}
  uint32_t StateFloats(uint32_t width) const override { return 2 * width + 2; }
  void InitState(std::span<float>) const override {}
};

// w = what is pushed.
class Assign final : public RowOptimizer {
 public:
  uint32_t StateFloats(uint32_t) const override { return 0; }
  void InitState(std::span<float>) const override {}
  void Apply(const RowUpdate& u) const override {
    std::copy(u.gradient.begin(), u.gradient.end(), u.weights.begin());
  }
};

// A built-in one. Its numbers have been checked.
std::unique_ptr<RowOptimizer> MakeBuiltIn(const OptimizerSpec& spec) {
  if (spec.name == "adagrad") {
    return std::make_unique<ByWeight<AdagradRule>>(AdagradRule{spec.epsilon},
                                                   spec.initial_accumulator);
  }
  if (spec.name == "adam") return std::make_unique<Adam>(spec);
  if (spec.name == "assign") return std::make_unique<Assign>();
  if (spec.name == "ftrl") {
    return std::make_unique<ByWeight<FtrlRule>>(FtrlRule{spec.learning_rate, spec.beta, spec.l1});
  }
  if (spec.name == "rowwise_adagrad") return std::make_unique<RowwiseAdagrad>(spec);
  if (spec.name == "sgd") return std::make_unique<ByWeight<SgdRule>>(SgdRule{});
  CAIRN_CHECK(spec.name == "sum");
  return std::make_unique<ByWeight<SumRule>>(SumRule{});
}

}  // namespace
}  // namespace cairn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cairn {
namespace {

HWY_EXPORT(MakeBuiltIn);

absl::Status CheckAtLeast(const char* field, float value, float least) {
  if (std::isfinite(value) && value >= least) return absl::OkStatus();
  return InvalidArgument(field, " is ", value, ", but has to be a finite number >= ", least);
}

absl::Status CheckPositive(const char* field, float value) {
  if (std::isfinite(value) && value > 0) return absl::OkStatus();
  return InvalidArgument(field, " is ", value, ", but has to be a finite number > 0");
}

absl::Status CheckDecay(const char* field, float value) {
  if (value >= 0 && value < 1) return absl::OkStatus();
  return InvalidArgument(field, " is ", value, ", but has to be at least 0 and below 1");
}

absl::Status CheckSgd(const OptimizerSpec& spec) {
  CAIRN_RETURN_IF_ERROR(CheckPositive("learning_rate", spec.learning_rate));
  return CheckAtLeast("l2", spec.l2, 0);
}

absl::Status CheckAdagrad(const OptimizerSpec& spec) {
  CAIRN_RETURN_IF_ERROR(CheckSgd(spec));
  CAIRN_RETURN_IF_ERROR(CheckAtLeast("epsilon", spec.epsilon, 0));
  CAIRN_RETURN_IF_ERROR(CheckAtLeast("initial_accumulator", spec.initial_accumulator, 0));
  if (spec.epsilon > 0 || spec.initial_accumulator > 0) return absl::OkStatus();
  return InvalidArgument(
      "epsilon and initial_accumulator are both 0: the first step of a weight "
      "without a gradient would divide 0 by 0");
}

absl::Status CheckFtrl(const OptimizerSpec& spec) {
  CAIRN_RETURN_IF_ERROR(CheckSgd(spec));
  CAIRN_RETURN_IF_ERROR(CheckAtLeast("l1", spec.l1, 0));
  return CheckAtLeast("beta", spec.beta, 0);
}

absl::Status CheckAdam(const OptimizerSpec& spec) {
  CAIRN_RETURN_IF_ERROR(CheckSgd(spec));
  CAIRN_RETURN_IF_ERROR(CheckDecay("beta1", spec.beta1));
  CAIRN_RETURN_IF_ERROR(CheckDecay("beta2", spec.beta2));
  return CheckPositive("epsilon", spec.epsilon);
}

absl::Status CheckNothing(const OptimizerSpec&) { return absl::OkStatus(); }

struct BuiltIn {
  std::string_view name;
  absl::Status (*check)(const OptimizerSpec&);
};

constexpr std::array kBuiltIns = {
    BuiltIn{"adagrad", CheckAdagrad},
    BuiltIn{"adam", CheckAdam},
    BuiltIn{"assign", CheckNothing},
    BuiltIn{"ftrl", CheckFtrl},
    BuiltIn{"rowwise_adagrad", CheckAdagrad},
    BuiltIn{"sgd", CheckSgd},
    BuiltIn{"sum", CheckNothing},
};

const BuiltIn* FindBuiltIn(std::string_view name) {
  for (const BuiltIn& built_in : kBuiltIns) {
    if (built_in.name == name) return &built_in;
  }
  return nullptr;
}

bool IsLegalName(std::string_view name) {
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), legal);
}

absl::Status CheckExtra(const RowOptimizers& extra) {
  for (const auto& [name, factory] : extra) {
    if (FindBuiltIn(name) != nullptr) {
      return InvalidArgument("optimizer \"", name,
                             "\" is built in and cannot be replaced; give yours another name");
    }
    if (!IsLegalName(name)) {
      return InvalidArgument("optimizer name \"", name.substr(0, 64),
                             "\" is not made of 1 to 64 of a-z, 0-9 and _");
    }
    if (factory == nullptr) return InvalidArgument("optimizer \"", name, "\" has no factory");
  }
  return absl::OkStatus();
}

absl::Status UnknownOptimizer(std::string_view name, const RowOptimizers& extra) {
  const std::span<const std::string> built_ins = BuiltInOptimizers();
  std::vector<std::string> known(built_ins.begin(), built_ins.end());
  for (const auto& [extra_name, factory] : extra) known.push_back(extra_name);
  std::string list;
  for (const std::string& each : known) list += (list.empty() ? "" : ", ") + each;
  const std::string closest = ClosestWord(name, known);
  const std::string hint = closest.empty() ? "" : "; did you mean \"" + closest + "\"?";
  return InvalidArgument("unknown optimizer \"", name.substr(0, 64), "\"; this server knows ", list,
                         hint);
}

}  // namespace

std::span<const std::string> BuiltInOptimizers() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const BuiltIn& built_in : kBuiltIns) list.emplace_back(built_in.name);
    return list;
  }();
  return names;
}

UpdateRule RuleOf(const OptimizerSpec& spec) {
  if (spec.name == "sgd") return SgdRule{};
  if (spec.name == "adagrad") return AdagradRule{spec.epsilon};
  if (spec.name == "ftrl") return FtrlRule{spec.learning_rate, spec.beta, spec.l1};
  if (spec.name == "sum") return SumRule{};
  return {};
}

bool IsGradientOptimizer(std::string_view name) { return name != "sum" && name != "assign"; }

absl::StatusOr<std::unique_ptr<RowOptimizer>> MakeRowOptimizer(const OptimizerSpec& spec,
                                                               const RowOptimizers& extra) {
  CAIRN_RETURN_IF_ERROR(CheckExtra(extra));
  if (const BuiltIn* built_in = FindBuiltIn(spec.name)) {
    CAIRN_RETURN_IF_ERROR(Annotate(built_in->check(spec), "optimizer ", spec.name));
    return HWY_DYNAMIC_DISPATCH(MakeBuiltIn)(spec);
  }
  const auto found = extra.find(spec.name);
  if (found == extra.end()) return UnknownOptimizer(spec.name, extra);
  absl::StatusOr<std::unique_ptr<RowOptimizer>> made = found->second(spec);
  if (!made.ok()) return Annotate(made.status(), "optimizer ", spec.name);
  if (*made == nullptr) return Internal("optimizer ", spec.name, ": its factory made nothing");
  return made;
}

}  // namespace cairn
#endif  // HWY_ONCE
