#include "cluster/loss_plan.h"

#include <algorithm>
#include <cmath>

#include "base/numbers.h"
#include "base/status.h"
#include "base/units.h"
#include "kernels/gemm.h"
#include "train/mlp_shape.h"
#include "train/model.h"
#include "wire/limits.h"

namespace cairn {
namespace {

// Whole numbers up to here are taken for classes, larger ones for amounts.
constexpr float kClassesByThemselves = 100;

constexpr char kHiddenOfDense[] = "256,128";
constexpr char kHiddenOfSparse[] = "64,32";  // Each feature has a row of the first one's width.
constexpr double kFirstScaleMax = 0.1;
constexpr float kFirstRate = 0.2f;
constexpr double kPriorOfFeature = 0.8;
constexpr double kNumbersBytesMax = 4.0 * (1u << 30);  // Of the numbers of a network, for a batch.

struct Rate {
  const char* optimizer;
  double rate;
};
// Of mean gradients.
constexpr Rate kRates[] = {
    {"adam", 0.001}, {"sgd", 0.1}, {"adagrad", 0.02}, {"rowwise_adagrad", 0.02}, {"ftrl", 0.02}};

bool HasClasses(std::string_view model) { return model == "mlp"; }

std::string LossByLabels(const TrainOptions& options, const DataSample& sample) {
  if (options.classes != 0) return kSoftmaxLoss;
  if (sample.labels_are_binary || sample.only_label) return kLogisticLoss;
  const bool few = sample.labels_are_classes && sample.largest_label < kClassesByThemselves;
  return few && HasClasses(options.model) ? kSoftmaxLoss : kSquaredLoss;
}

absl::Status CheckLoss(const TrainOptions& options) {
  const bool known = options.loss == "auto" || options.loss == kLogisticLoss ||
                     options.loss == kSoftmaxLoss || options.loss == kSquaredLoss;
  if (!known) {
    return InvalidArgument("--loss \"", options.loss, "\": auto, ", kLogisticLoss, ", ",
                           kSoftmaxLoss, " or ", kSquaredLoss);
  }
  const bool may_have_classes = options.loss == "auto" || options.loss == kSoftmaxLoss;
  if (options.classes != 0 && !may_have_classes) {
    return InvalidArgument("--classes needs --loss ", kSoftmaxLoss, ", not ", options.loss);
  }
  if (options.classes == 0 || (options.classes >= 2 && options.classes <= limits::kClassesMax)) {
    return {};
  }
  return InvalidArgument("--classes is ", options.classes, ": 2 to ", limits::kClassesMax);
}

absl::Status PlanOwnModel(const TrainOptions& options, const DataSample& sample,
                          ModelSettings* settings) {
  if (options.loss != "auto" || options.classes != 0) {
    return InvalidArgument("the model ", options.model,
                           " has its own loss: leave --loss and --classes out");
  }
  if ((options.model + options.model_options).find('\n') != std::string::npos) {
    return InvalidArgument("a line break in the model's name or in model_options");
  }
  settings->model_options = options.model_options;
  settings->label_mean = static_cast<float>(sample.mean_label);
  if (options.l2 < 0) settings->l2 = 0;
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<Model> model, MakeModel(*settings, options.models));
  settings->loss = model->score_kind() == ScoreKind::kMargin ? kLogisticLoss : kOwnLoss;
  return {};
}

absl::Status CheckLossOfModel(const TrainOptions& options) {
  const bool classes = options.classes != 0 || options.loss == kSoftmaxLoss;
  if (classes && !HasClasses(options.model)) {
    return InvalidArgument("the model ", options.model, " has one result: ",
                           options.classes != 0 ? "--classes" : "--loss " + options.loss,
                           " needs --model mlp");
  }
  if (options.loss != kSquaredLoss) return {};
  if (options.model == "count") {
    return InvalidArgument("--loss squared: the model count learns nothing of labels");
  }
  if (options.update == kGradientUpdate) return {};
  return InvalidArgument(
      "--loss squared needs --update gradient: row by row, only the logistic "
      "loss is learnt");
}

// Inputs and first layer.
absl::Status PlanMlp(const TrainOptions& options, const DataSource& source,
                     const DataSample& sample, ModelSettings* settings) {
  if (options.l2 < 0) {
    settings->l2 = static_cast<float>(kPriorOfFeature * sample.features_per_row);
  }
  const uint64_t row_bytes = source.row_bytes(0);
  const bool dense = row_bytes != 0 && options.read.hash_bits == 0;
  if (dense && options.l2 > 0) {
    return InvalidArgument("--l2 is a prior of features, and images have none: leave it out");
  }
  if (row_bytes > limits::kNetworkFloatsMax) {
    return InvalidArgument(source.name(0), ": images of ", HumanCount(row_bytes - 1),
                           " pixels are too large for a dense layer");
  }
  if (dense) {
    settings->inputs = static_cast<uint32_t>(row_bytes - 1);
    settings->l2 = 0;
  }
  const double squares = std::max(sample.squares_per_row, 1e-6);
  settings->first_scale = static_cast<float>(std::min(kFirstScaleMax, std::sqrt(2 / squares)));
  settings->first_rate = kFirstRate;
  return {};
}

}  // namespace

absl::Status PlanLoss(const TrainOptions& options, const DataSample& sample,
                      ModelSettings* settings, DataDefinition* definition,
                      std::vector<std::string>* notes) {
  CAIRN_RETURN_IF_ERROR(CheckLoss(options));
  if (options.models.contains(options.model)) return PlanOwnModel(options, sample, settings);
  if (!options.model_options.empty()) {
    return InvalidArgument("model_options are for one of TrainOptions::models, and ", options.model,
                           " is none of these");
  }
  CAIRN_RETURN_IF_ERROR(CheckLossOfModel(options));
  if (options.loss != "auto") {
    settings->loss = options.loss;
  } else if (HasLayers(options.model)) {
    settings->loss = LossByLabels(options, sample);
  }
  if (settings->loss == kSquaredLoss) {
    settings->label_mean = static_cast<float>(sample.mean_label);
    const auto scale = static_cast<float>(sample.label_deviation);
    settings->label_scale = scale > 0 ? scale : 1;
  }
  if (settings->loss != kSoftmaxLoss) return {};
  settings->classes = options.classes;
  if (options.classes == 0) {
    if (!sample.labels_are_classes) {
      return InvalidArgument("--loss ", kSoftmaxLoss, ": labels must be whole numbers from 0 to ",
                             limits::kClassesMax - 1, ", and the sample has others");
    }
    settings->classes = std::max(2u, static_cast<uint32_t>(sample.largest_label) + 1);
    if (options.loss == "auto") {
      notes->push_back(Concat("labels 0 .. ", settings->classes - 1, " are taken for ",
                              settings->classes,
                              " classes; --loss squared takes them for numbers"));
    }
  }
  definition->read.label.classes = settings->classes;
  return {};
}

absl::Status PlanNetwork(const TrainOptions& options, const DataSource& source,
                         const DataSample& sample, double batch_rows, ModelSettings* settings) {
  settings->optimizer = options.optimizer.empty() ? "adam" : options.optimizer;
  if (options.learning_rate < 0) {
    for (const Rate& each : kRates) {
      if (settings->optimizer != each.optimizer) continue;
      settings->learning_rate = static_cast<float>(each.rate);
    }
  }
  if (options.model == "mlp") CAIRN_RETURN_IF_ERROR(PlanMlp(options, source, sample, settings));
  settings->hidden = options.hidden;
  if (options.hidden.empty()) {
    settings->hidden = settings->inputs > 0 ? kHiddenOfDense : kHiddenOfSparse;
  }
  const bool bsp = options.mode.consistency == Consistency::kBsp;
  const GemmMath best = GemmKernel::Available().front()->math();
  settings->gemm = bsp ? std::string(GemmMathName(best)) : kAnyGemm;
  CAIRN_RETURN_IF_ERROR(CheckLayers(*settings));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<size_t> hidden, ParseHidden(settings->hidden));
  double numbers = static_cast<double>(InputsOf(*settings) + ResultsOf(*settings));
  for (const size_t width : hidden) numbers += 2 * static_cast<double>(width);
  const double bytes = numbers * batch_rows * sizeof(float);
  if (bytes <= kNumbersBytesMax) return {};
  return InvalidArgument("a batch of ", std::lround(batch_rows), " rows takes ",
                         HumanBytes(static_cast<uint64_t>(bytes)),
                         " in this network: take fewer --batch rows or --hidden units");
}

absl::StatusOr<std::string> StopMetricOf(const TrainOptions& options,
                                         const ModelSettings& settings) {
  const std::string& metric = options.stop_metric;
  const bool logistic = settings.loss == kLogisticLoss, classes = settings.loss == kSoftmaxLoss;
  if (metric == "auto") return std::string(logistic ? "auc" : classes ? "accuracy" : "logloss");
  if (metric != "auc" && metric != "accuracy" && metric != "logloss") {
    return InvalidArgument("--stop-metric \"", metric, "\": auto, auc, accuracy or logloss");
  }
  const bool has = metric == "logloss" || logistic || (metric == "accuracy" && classes);
  if (has) return metric;
  return InvalidArgument("--stop-metric ", metric, ": there is none with --loss ", settings.loss,
                         "; take ", classes ? "accuracy or logloss" : "logloss");
}

StopRules::Metric MetricOf(const std::string& stop_metric) {
  if (stop_metric == "auc") return StopRules::Metric::kAuc;
  return stop_metric == "accuracy" ? StopRules::Metric::kAccuracy : StopRules::Metric::kLogLoss;
}

}  // namespace cairn
