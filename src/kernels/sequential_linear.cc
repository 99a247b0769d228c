#include "kernels/sequential_linear.h"

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

// What one more occurrence adds to how often a feature was seen: it counts in the first epoch, and
// always for a feature that first came later.
float OccurrenceOf(float seen, bool is_first_epoch) {
  if (seen < 0) return -1;
  if (is_first_epoch) return 1;
  return seen == 0 ? -1 : 0;
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
    bias_start_.a = ftrl->StartOf(bias);
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

struct Feature {
  Weight weight;
  float seen;
};

// The rows of one batch, and what they are learnt with.
template <typename Rule>
struct Learner {
  const Rule& rule;
  const Rule& bias_rule;
  float rate, l2;
  bool is_first_epoch;
  std::vector<Feature> features;
  Weight bias;

  float Margin(const LinearBatch& batch, size_t row) const {
    float sum = bias.w;
    for (size_t k = batch.row_offsets[row]; k < batch.row_offsets[row + 1]; ++k) {
      CAIRN_DCHECK(batch.indices[k] < features.size());
      const float weight = features[batch.indices[k]].weight.w;
      sum += batch.values.empty() ? weight : weight * batch.values[k];
    }
    return sum;
  }

  void Update(const LinearBatch& batch, size_t row, float slope) {
    for (size_t k = batch.row_offsets[row]; k < batch.row_offsets[row + 1]; ++k) {
      Feature& feature = features[batch.indices[k]];
      Weight& weight = feature.weight;
      float q = batch.values.empty() ? slope : slope * batch.values[k];
      feature.seen += OccurrenceOf(feature.seen, is_first_epoch);
      q += l2 / std::fabs(feature.seen) * weight.w;
      rule.Update(q, rate, &weight.w, &weight.a, &weight.b);
    }
    bias_rule.Update(slope, rate, &bias.w, &bias.a, &bias.b);
  }
};

}  // namespace

double SequentialLinear::Learn(const Rows& rows, const Step& step, std::span<float> features,
                               std::span<float> bias) const {
  const LinearBatch& batch = rows.batch;
  const uint32_t width = row_width();
  CAIRN_CHECK(rows.labels.size() == batch.rows() && bias.size() == bias_width());
  CAIRN_CHECK(rows.weights.empty() || rows.weights.size() == batch.rows());
  CAIRN_CHECK(batch.values.empty() || batch.values.size() == batch.indices.size());
  CAIRN_CHECK(features.size() % width == 0);
  const auto learn = [&]<typename R>(const R& rule) {
    Learner<R> learner{rule, std::get<R>(bias_rule_), learning_rate_ * step.rate_factor,
                       l2_,  step.is_first_epoch,     {},
                       {}};
    learner.bias = Unpack(learner.bias_rule, bias_start_, bias.data());
    learner.features.resize(features.size() / width);
    float* row = features.data();
    for (Feature& feature : learner.features) {
      feature = {Unpack(rule, feature_start_, row), row[width - 1]};
      row += width;
    }
    LogisticLossSum loss;
    for (size_t i = 0; i < batch.rows(); ++i) {
      const float weight = rows.weights.empty() ? 1 : rows.weights[i];
      learner.Update(batch, i, loss.Add(learner.Margin(batch, i), rows.labels[i], weight));
    }
    PackChange<R>(learner.bias, bias_start_, bias.data());
    row = features.data();
    for (const Feature& feature : learner.features) {
      PackChange<R>(feature.weight, feature_start_, row);
      row[width - 1] = feature.seen - row[width - 1];
      row += width;
    }
    return loss.sum();
  };
  return std::visit(learn, feature_rule_);
}

}  // namespace cairn
