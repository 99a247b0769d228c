#include "cli/table_option.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <set>
#include <type_traits>
#include <vector>

#include "base/numbers.h"
#include "base/status.h"
#include "base/suggest.h"

namespace cairn {
namespace {

// What the words say, until the table is put together.
struct Draft {
  TableSpec table;
  bool has_dense_size = false;
  OptimizerSpec& optimizer() { return table.parts[0].optimizer; }
};

absl::Status SetKind(std::string_view value, Draft* draft) {
  if (value == "sparse") {
    draft->table.kind = TableSpec::Kind::kSparse;
  } else if (value == "dense") {
    draft->table.kind = TableSpec::Kind::kDense;
  } else {
    return InvalidArgument("kind is sparse or dense");
  }
  return absl::OkStatus();
}

absl::Status SetReduction(std::string_view value, Draft* draft) {
  if (value == "sum") {
    draft->table.reduction = TableSpec::Reduction::kSum;
  } else if (value == "mean") {
    draft->table.reduction = TableSpec::Reduction::kMean;
  } else {
    return InvalidArgument("reduction is sum or mean");
  }
  return absl::OkStatus();
}

// "zero", "constant:0.5", "normal:0.01".
absl::Status SetInitializer(std::string_view value, Draft* draft) {
  InitializerSpec& initializer = draft->table.parts[0].initializer;
  if (value == "zero") {
    initializer.kind = InitializerSpec::Kind::kZero;
    return absl::OkStatus();
  }
  const size_t colon = value.find(':');
  const std::string_view kind = value.substr(0, colon);
  if (colon == value.npos || (kind != "constant" && kind != "normal")) {
    return InvalidArgument("init is zero, constant:X or normal:X");
  }
  initializer.kind =
      kind == "normal" ? InitializerSpec::Kind::kNormal : InitializerSpec::Kind::kConstant;
  CAIRN_ASSIGN_OR_RETURN(initializer.scale, ParseFloat(value.substr(colon + 1)));
  return absl::OkStatus();
}

template <float OptimizerSpec::*Field>
absl::Status SetNumber(std::string_view value, Draft* draft) {
  CAIRN_ASSIGN_OR_RETURN(draft->optimizer().*Field, ParseFloat(value));
  return absl::OkStatus();
}

template <float RetentionSpec::*Field>
absl::Status SetRetentionNumber(std::string_view value, Draft* draft) {
  CAIRN_ASSIGN_OR_RETURN(draft->table.retention.*Field, ParseFloat(value));
  return absl::OkStatus();
}

// What is too large for the field is not legal either.
template <auto Field>
absl::Status SetRetentionCount(std::string_view value, Draft* draft) {
  auto& field = draft->table.retention.*Field;
  CAIRN_ASSIGN_OR_RETURN(const uint64_t number, ParseU64(value));
  using Number = std::remove_reference_t<decltype(field)>;
  field = static_cast<Number>(std::min<uint64_t>(number, std::numeric_limits<Number>::max()));
  return absl::OkStatus();
}

struct Word {
  std::string_view name;
  absl::Status (*set)(std::string_view value, Draft* draft);
};

constexpr std::array<Word, 21> kWords = {{
    {"name",
     [](std::string_view value, Draft* draft) {
       draft->table.name = std::string(value);
       return absl::OkStatus();
     }},
    {"kind", SetKind},
    {"width",
     [](std::string_view value, Draft* draft) -> absl::Status {
       CAIRN_ASSIGN_OR_RETURN(const uint64_t width, ParseU64(value));
       draft->table.parts[0].width =
           static_cast<uint32_t>(std::min<uint64_t>(width, std::numeric_limits<uint32_t>::max()));
       return absl::OkStatus();
     }},
    {"size",
     [](std::string_view value, Draft* draft) -> absl::Status {
       CAIRN_ASSIGN_OR_RETURN(draft->table.dense_size, ParseU64(value));
       draft->has_dense_size = true;
       return absl::OkStatus();
     }},
    {"optimizer",
     [](std::string_view value, Draft* draft) {
       draft->optimizer().name = std::string(value);
       return absl::OkStatus();
     }},
    {"lr", SetNumber<&OptimizerSpec::learning_rate>},
    {"l1", SetNumber<&OptimizerSpec::l1>},
    {"l2", SetNumber<&OptimizerSpec::l2>},
    {"beta", SetNumber<&OptimizerSpec::beta>},
    {"beta1", SetNumber<&OptimizerSpec::beta1>},
    {"beta2", SetNumber<&OptimizerSpec::beta2>},
    {"epsilon", SetNumber<&OptimizerSpec::epsilon>},
    {"accumulator", SetNumber<&OptimizerSpec::initial_accumulator>},
    {"init", SetInitializer},
    {"reduction", SetReduction},
    {"admit_count", SetRetentionCount<&RetentionSpec::admit_count>},
    {"admit_probability", SetRetentionNumber<&RetentionSpec::admit_probability>},
    {"sketch_bytes", SetRetentionCount<&RetentionSpec::sketch_bytes>},
    {"expire_steps", SetRetentionCount<&RetentionSpec::expire_steps>},
    {"expire_below", SetRetentionNumber<&RetentionSpec::expire_below>},
    {"bytes_max", SetRetentionCount<&RetentionSpec::bytes_max>},
}};

absl::Status UnknownWord(std::string_view name) {
  std::vector<std::string> known;
  std::string list;
  for (const Word& word : kWords) {
    known.emplace_back(word.name);
    list += (list.empty() ? "" : ", ") + known.back();
  }
  const std::string guess = ClosestWord(name, known);
  return InvalidArgument("unknown \"", name, "\"; ",
                         guess.empty() ? "there are " + list : Concat("did you mean ", guess, "?"));
}

absl::Status TakeWord(std::string_view text, std::set<std::string_view>* seen, Draft* draft) {
  const size_t equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  if (equals == text.npos) return InvalidArgument("\"", text, "\" is not NAME=VALUE");
  const auto word = std::find_if(kWords.begin(), kWords.end(),
                                 [&](const Word& known) { return known.name == name; });
  if (word == kWords.end()) return UnknownWord(name);
  if (!seen->insert(name).second) return InvalidArgument(name, " is given twice");
  return Annotate(word->set(text.substr(equals + 1), draft), "\"", text, "\"");
}

absl::Status TakeWords(std::string_view text, Draft* draft) {
  std::set<std::string_view> seen;
  while (true) {
    const size_t begin = text.find_first_not_of(' ');
    if (begin == text.npos) break;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find(' '));
    CAIRN_RETURN_IF_ERROR(TakeWord(word, &seen, draft));
    text.remove_prefix(word.size());
  }
  if (!seen.contains("name")) return InvalidArgument("name=NAME is missing");
  const bool dense = draft->table.kind == TableSpec::Kind::kDense;
  if (dense && !draft->has_dense_size) return InvalidArgument("kind=dense needs size=FLOATS");
  if (!dense && draft->has_dense_size) return InvalidArgument("size is for kind=dense only");
  return CheckTable(draft->table);
}

}  // namespace

absl::StatusOr<TableSpec> ParseTable(std::string_view text) {
  Draft draft;
  const absl::Status taken = TakeWords(text, &draft);
  if (!taken.ok()) return Annotate(taken, "--table '", text, "'");
  return std::move(draft.table);
}

}  // namespace cairn
