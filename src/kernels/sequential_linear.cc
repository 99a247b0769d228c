#include "kernels/sequential_linear.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "base/check.h"
#include "base/status.h"
#include "kernels/losses.h"
#include "kernels/optimizers.h"

namespace cairn {
namespace {

// A row as the rules want it.
struct Weight {
  float w, a, b;
};

// Between rows of the model and weights. FTRL's weight follows from its state and is not kept; that
// of the others is the row's first float. The rule's state comes behind it.
template <typename Rule>
constexpr bool kKeepsWeight = !std::is_same_v<Rule, FtrlRule>;
template <typename Rule>
constexpr uint32_t kWidth = Rule::kStates + (kKeepsWeight<Rule> ? 1 : 0);

template <typename Rule, typename Start>
Weight Unpack(const Rule& rule, const Start& start, const float* row) {
  Weight weight{start.w, start.a, start.b};
  if constexpr (kKeepsWeight<Rule>) weight.w += *row++;
  if constexpr (Rule::kStates > 0) weight.a += row[0];
  if constexpr (Rule::kStates > 1) weight.b += row[1];
  if constexpr (!kKeepsWeight<Rule>) {
    const float root = std::sqrt(weight.b);
    weight.w = rule.beta + root == 0 ? 0 : rule.WeightOf(weight.a, root);
  }
  return weight;
}

// `row` becomes what has to be added to it.
template <typename Rule, typename Start>
void PackChange(const Weight& weight, const Start& start, float* row) {
  const auto change = [](float now, float from, float* added) { *added = now - (from + *added); };
  if constexpr (kKeepsWeight<Rule>) change(weight.w, start.w, row++);
  if constexpr (Rule::kStates > 0) change(weight.a, start.a, row);
  if constexpr (Rule::kStates > 1) change(weight.b, start.b, row + 1);
}

}  // namespace

absl::StatusOr<SequentialLinear> SequentialLinear::Make(const OptimizerSpec& optimizer,
                                                        float bias) {
  CAIRN_RETURN_IF_ERROR(MakeRowOptimizer(optimizer, {}).status());
  const auto rule_of = [](const OptimizerSpec& spec) {
    return std::visit(
        [&](const auto& rule) -> absl::StatusOr<Rule> {
          using R = std::decay_t<decltype(rule)>;
          if constexpr (std::is_constructible_v<Rule, R> && !std::is_same_v<R, std::monostate>) {
            return Rule(rule);
          } else {
            return InvalidArgument("rows cannot be learnt one by one with optimizer \"", spec.name,
                                   "\", only with sgd, adagrad or ftrl");
          }
        },
        RuleOf(spec));
  };
  CAIRN_ASSIGN_OR_RETURN(const Rule feature_rule, rule_of(optimizer));
  OptimizerSpec of_bias = optimizer;
  of_bias.l1 = 0;
  CAIRN_ASSIGN_OR_RETURN(const Rule bias_rule, rule_of(of_bias));
  return SequentialLinear(optimizer, feature_rule, bias_rule, bias);
}

SequentialLinear::SequentialLinear(const OptimizerSpec& optimizer, Rule feature_rule,
                                   Rule bias_rule, float bias)
    : learning_rate_(optimizer.learning_rate),
      l2_(optimizer.l2),
      feature_rule_(feature_rule),
      bias_rule_(bias_rule) {
  bias_start_.w = bias;
  if (std::holds_alternative<AdagradRule>(bias_rule_)) {
    feature_start_.a = bias_start_.a = optimizer.initial_accumulator;
  }
  if (const auto* ftrl = std::get_if<FtrlRule>(&bias_rule_); ftrl != nullptr && bias != 0) {
    bias_start_.a = ftrl->StateOf(bias, 0);
  }
}

uint32_t SequentialLinear::bias_width() const {
  return std::visit([](const auto& rule) { return kWidth<std::decay_t<decltype(rule)>>; },
                    bias_rule_);
}

void SequentialLinear::WeightsOf(std::span<const float> rows, std::span<float> weights) const {
  const uint32_t width = row_width();
  CAIRN_CHECK(rows.size() == weights.size() * width);
  std::visit(
      [&](const auto& rule) {
        for (size_t i = 0; i < weights.size(); ++i) {
          weights[i] = Unpack(rule, feature_start_, rows.data() + i * width).w;
        }
      },
      feature_rule_);
}

float SequentialLinear::BiasOf(std::span<const float> row) const {
  CAIRN_CHECK(row.size() == bias_width());
  return std::visit([&](const auto& rule) { return Unpack(rule, bias_start_, row.data()).w; },
                    bias_rule_);
}

namespace {

#define CAIRN_RESTRICT __restrict  // The arrays of a row never overlap.

struct Feature {
  Weight weight;
  float seen;
};

// The features of one row, each number in an array of its own: steps are taken on several of them
// at once, which vectors do for the price of one root and one division.
struct RowCopy {
  explicit RowCopy(size_t features_max)
      : numbers(5 * features_max),
        x(numbers.data()),
        w(x + features_max),
        a(w + features_max),
        b(a + features_max),
        seen(b + features_max) {
    std::fill_n(x, features_max, 1.0f);
  }
  RowCopy(const RowCopy&) = delete;
  RowCopy& operator=(const RowCopy&) = delete;

  void Set(size_t i, const Feature& feature) {
    w[i] = feature.weight.w;
    a[i] = feature.weight.a;
    b[i] = feature.weight.b;
    seen[i] = feature.seen;
  }
  Feature Get(size_t i) const { return {{w[i], a[i], b[i]}, seen[i]}; }

  std::vector<float> numbers;
  float* const x;  // Values; 1 until they are written to.
  float* const w;
  float* const a;
  float* const b;
  float* const seen;
};

// What all steps of a batch have in common.
struct StepSettings {
  float rate, l2;
  bool is_first_epoch;
};

// A step of each of the features [begin, end), which are different ones.
template <typename Rule>
void TakeSteps(const Rule& the_rule, const StepSettings& settings, float slope, size_t begin,
               size_t end, RowCopy* row) {
  const Rule rule = the_rule;
  const float rate = settings.rate, l2 = settings.l2;
  // An occurrence counts in the first epoch, and always for a feature that first came later.
  const float known = settings.is_first_epoch ? 1.0f : 0.0f;
  const float fresh = settings.is_first_epoch ? 1.0f : -1.0f;
  const float* CAIRN_RESTRICT x = row->x;
  float* CAIRN_RESTRICT w = row->w;
  float* CAIRN_RESTRICT a = row->a;
  float* CAIRN_RESTRICT b = row->b;
  float* CAIRN_RESTRICT seen = row->seen;
  for (size_t i = begin; i < end; ++i) {
    const float more = seen[i] > 0 ? known : fresh;
    const float now = seen[i] + (seen[i] < 0 ? -1.0f : more);
    const float q = slope * x[i] + l2 / std::fabs(now) * w[i];
    seen[i] = now;
    rule.Update(q, rate, w + i, a + i, b + i);
  }
}

// A batch's own copy of the model.
template <typename Rule>
class Learner {
 public:
  // `rule` outlives the learner.
  Learner(const Rule* rule, const StepSettings& settings, const LinearBatch& batch, size_t features)
      : rule_(*rule),
        settings_(settings),
        batch_(batch),
        features_(features),
        last_rows_(features, ~uint32_t{0}),
        copy_(LongestRow(batch)) {}

  std::vector<Feature>& features() { return features_; }

  // The row's margin but for the bias; its features are in the copy from here on.
  float Load(uint32_t row) {
    const size_t begin = batch_.row_offsets[row];
    count_ = batch_.row_offsets[row + 1] - begin;
    indices_ = batch_.indices.data() + begin;
    if (!batch_.values.empty()) std::copy_n(batch_.values.data() + begin, count_, copy_.x);
    has_repeats_ = false;
    float sum = 0;
    for (size_t i = 0; i < count_; ++i) {
      const uint32_t index = indices_[i];
      CAIRN_DCHECK(index < features_.size());
      has_repeats_ |= last_rows_[index] == row;
      last_rows_[index] = row;
      copy_.Set(i, features_[index]);
      sum += copy_.w[i] * copy_.x[i];
    }
    return sum;
  }

  // A step of the row that was loaded. What occurs twice takes its steps one after the other.
  void Step(float slope) {
    if (!has_repeats_) {
      TakeSteps(rule_, settings_, slope, 0, count_, &copy_);
      for (size_t i = 0; i < count_; ++i) features_[indices_[i]] = copy_.Get(i);
      return;
    }
    for (size_t i = 0; i < count_; ++i) {
      copy_.Set(i, features_[indices_[i]]);
      TakeSteps(rule_, settings_, slope, i, i + 1, &copy_);
      features_[indices_[i]] = copy_.Get(i);
    }
  }

 private:
  static size_t LongestRow(const LinearBatch& batch) {
    uint32_t longest = 0;
    for (size_t row = 0; row < batch.rows(); ++row) {
      longest = std::max(longest, batch.row_offsets[row + 1] - batch.row_offsets[row]);
    }
    return longest;
  }

  const Rule& rule_;
  const StepSettings settings_;
  const LinearBatch batch_;
  std::vector<Feature> features_;
  std::vector<uint32_t> last_rows_;  // In which each feature occurred.
  RowCopy copy_;
  const uint32_t* indices_ = nullptr;  // Of the row in the copy.
  size_t count_ = 0;
  bool has_repeats_ = false;
};

#undef CAIRN_RESTRICT

}  // namespace

double SequentialLinear::Learn(const Rows& rows, const Step& step, std::span<float> features,
                               std::span<float> bias) const {
  const LinearBatch& batch = rows.batch;
  const uint32_t width = row_width();
  CAIRN_CHECK(rows.labels.size() == batch.rows() && bias.size() == bias_width());
  CAIRN_CHECK(rows.weights.empty() || rows.weights.size() == batch.rows());
  CAIRN_CHECK(batch.values.empty() || batch.values.size() == batch.indices.size());
  CAIRN_CHECK(features.size() % width == 0);
  const StepSettings settings{learning_rate_ * step.rate_factor, l2_, step.is_first_epoch};
  const auto learn = [&]<typename R>(const R& rule) {
    const R& bias_rule = std::get<R>(bias_rule_);
    Learner<R> learner(&rule, settings, batch, features.size() / width);
    Weight of_bias = Unpack(bias_rule, bias_start_, bias.data());
    float* row = features.data();
    for (Feature& feature : learner.features()) {
      feature = {Unpack(rule, feature_start_, row), row[width - 1]};
      row += width;
    }
    LogisticLossSum loss;
    for (uint32_t i = 0; i < batch.rows(); ++i) {
      const float weight = rows.weights.empty() ? 1 : rows.weights[i];
      const float slope = loss.Add(of_bias.w + learner.Load(i), rows.labels[i], weight);
      learner.Step(slope);
      bias_rule.Update(slope, settings.rate, &of_bias.w, &of_bias.a, &of_bias.b);
    }
    PackChange<R>(of_bias, bias_start_, bias.data());
    row = features.data();
    for (const Feature& feature : learner.features()) {
      PackChange<R>(feature.weight, feature_start_, row);
      row[width - 1] = feature.seen - row[width - 1];
      row += width;
    }
    return loss.sum();
  };
  return std::visit(learn, feature_rule_);
}

}  // namespace cairn
