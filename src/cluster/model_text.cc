#include "cluster/model_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <set>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/escape.h"
#include "base/numbers.h"
#include "base/status.h"
#include "server/table_schema.h"
#include "wire/limits.h"

namespace cairn {
namespace {

constexpr std::string_view kTitle = "cairn model text 2";
constexpr std::array<std::string_view, 2> kKinds = {"sparse", "dense"};
constexpr std::array<std::string_view, 2> kReductions = {"sum", "mean"};
constexpr std::array<std::string_view, 3> kInitializers = {"zero", "constant", "normal"};

// The numbers of an optimizer in the order of the text, in both directions.
template <typename Spec, typename Io>
absl::Status ForEachNumber(Spec& optimizer, const Io& io) {
  CAIRN_RETURN_IF_ERROR(io("learning_rate", optimizer.learning_rate));
  CAIRN_RETURN_IF_ERROR(io("l1", optimizer.l1));
  CAIRN_RETURN_IF_ERROR(io("l2", optimizer.l2));
  CAIRN_RETURN_IF_ERROR(io("beta1", optimizer.beta1));
  CAIRN_RETURN_IF_ERROR(io("beta2", optimizer.beta2));
  CAIRN_RETURN_IF_ERROR(io("beta", optimizer.beta));
  CAIRN_RETURN_IF_ERROR(io("epsilon", optimizer.epsilon));
  return io("initial_accumulator", optimizer.initial_accumulator);
}

void AppendPart(const PartSpec& part, uint32_t state_floats, std::string* text) {
  *text += Concat("part ", part.width, " optimizer ", EscapeWord(part.optimizer.name));
  const absl::Status never_fails =
      ForEachNumber(part.optimizer, [&](std::string_view name, float value) {
        text->append(" ").append(name).append(" ");
        AppendFloatBits(value, text);
        return absl::Status();
      });
  CAIRN_CHECK(never_fails.ok());
  *text += Concat(" initializer ", kInitializers[static_cast<size_t>(part.initializer.kind)], " ");
  AppendFloatBits(part.initializer.scale, text);
  *text += Concat(" state ", state_floats, "\n");
}

template <typename T>
void AppendNumber(T value, std::string* text) {
  char buffer[32];
  text->append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

void AppendRetention(const RetentionSpec& retention, std::string* text) {
  if (retention == RetentionSpec{}) return;
  *text += Concat("retention admit_count ", retention.admit_count, " admit_probability ");
  AppendFloatBits(retention.admit_probability, text);
  *text += Concat(" sketch_bytes ", retention.sketch_bytes, " expire_steps ",
                  retention.expire_steps, " expire_below ");
  AppendFloatBits(retention.expire_below, text);
  *text += Concat(" bytes_max ", retention.bytes_max, "\n");
}

}  // namespace

uint32_t ModelTextHeader::RowWords(size_t table) const {
  uint32_t words = kRowCountWords + tables[table].width();
  for (const uint32_t floats : state_floats[table]) words += floats;
  return words;
}

void AppendFloatBits(float value, std::string* text) {
  if (std::isfinite(value)) return AppendNumber(value, text);
  static constexpr char kDigits[] = "0123456789abcdef";
  *text += "0x";
  const auto bits = std::bit_cast<uint32_t>(value);
  for (int shift = 28; shift >= 0; shift -= 4) *text += kDigits[(bits >> shift) & 15];
}

absl::StatusOr<float> ParseFloatBits(std::string_view text) {
  if (!text.starts_with("0x")) return ParseFloat(text);
  uint32_t bits = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data() + 2, end, bits, 16);
  if (text.size() != 10 || result.ec != std::errc() || result.ptr != end) {
    return InvalidArgument("\"", Escape(text.substr(0, 40)), "\" is not 0x and 8 digits");
  }
  return std::bit_cast<float>(bits);
}

std::string FormatModelTextHeader(const ModelTextHeader& header) {
  std::string text =
      Concat(kTitle, "\njob ", Escape(header.job), "\nseed ", header.seed, "\ncheckpoint ",
             header.checkpoint, "\npartitions ", header.partitions, "\n");
  if (header.digest.has_value()) text += Concat("digest ", DigestHex(*header.digest), "\n");
  // One entry for each line of the program, its line break included: as in the manifest.
  for (std::string_view rest = header.program; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    text += Concat("program ", Escape(rest.substr(0, end)), "\n");
    rest = rest.substr(end);
  }
  for (size_t table = 0; table < header.tables.size(); ++table) {
    const TableSpec& spec = header.tables[table];
    text += Concat("table ", spec.name, " ", kKinds[static_cast<size_t>(spec.kind)], " ",
                   kReductions[static_cast<size_t>(spec.reduction)], " ", spec.dense_size, "\n");
    AppendRetention(spec.retention, &text);
    for (size_t part = 0; part < spec.parts.size(); ++part) {
      AppendPart(spec.parts[part], header.state_floats[table][part], &text);
    }
  }
  return text + "rows\n";
}

void AppendModelTextRow(std::string_view table, uint64_t key, std::span<const float> row,
                        std::string* text) {
  text->append(table).append(" ");
  AppendNumber(key, text);
  *text += ' ';
  const RowCount count = CountOf(row.data());
  AppendNumber(count.seen(), text);
  if (count.is_late()) *text += '+';
  for (const float value : row.subspan(kRowCountWords)) {
    *text += ' ';
    AppendFloatBits(value, text);
  }
  *text += '\n';
}

std::string FormatModelTextEnd(uint64_t rows) { return Concat("END ", rows, "\n"); }

// The words of a line: one blank between two of them. Errors begin with the column.
class ModelTextParser::Words {
 public:
  explicit Words(std::string_view line) : line_(line) {}

  bool done() const { return at_ > line_.size(); }

  template <typename... Parts>
  absl::Status Wrong(const Parts&... what) const {
    return DataLoss(column_ + 1, ": ", what...);
  }

  absl::StatusOr<std::string_view> Next(std::string_view what) {
    column_ = at_;
    if (done()) return Wrong(what, " is missing");
    const size_t end = std::min(line_.find(' ', at_), line_.size());
    const std::string_view word = line_.substr(at_, end - at_);
    at_ = end + 1;
    if (word.empty()) return Wrong(what, " is missing: one blank between two words");
    return word;
  }
  // All that is left, blanks included; may be empty.
  std::string_view Rest() {
    column_ = std::min(at_, line_.size());
    at_ = line_.size() + 1;
    return line_.substr(column_);
  }

  absl::StatusOr<uint64_t> Whole(std::string_view what, uint64_t most) {
    CAIRN_ASSIGN_OR_RETURN(const std::string_view word, Next(what));
    const absl::StatusOr<uint64_t> number = ParseU64(word);
    if (!number.ok()) return Wrong(what, ": ", MessageOf(number.status()));
    if (*number > most) return Wrong(what, " is ", *number, ", at most ", most);
    return *number;
  }
  // How often a row was seen; a plus sign behind it says that it is late.
  absl::StatusOr<RowCount> Count() {
    CAIRN_ASSIGN_OR_RETURN(std::string_view word, Next("count"));
    const bool is_late = word.ends_with('+');
    if (is_late) word.remove_suffix(1);
    const absl::StatusOr<uint64_t> seen = ParseU64(word);
    if (!seen.ok()) return Wrong("count: ", MessageOf(seen.status()));
    return RowCount::Near(static_cast<uint32_t>(std::min(*seen, uint64_t{RowCount::kSeenMost})),
                          is_late);
  }
  absl::StatusOr<float> Float(std::string_view what) {
    CAIRN_ASSIGN_OR_RETURN(const std::string_view word, Next(what));
    const absl::StatusOr<float> value = ParseFloatBits(word);
    if (!value.ok()) return Wrong(what, ": ", MessageOf(value.status()));
    return *value;
  }
  template <typename Enum, size_t count>
  absl::Status OneOf(std::string_view what, const std::array<std::string_view, count>& names,
                     Enum* value) {
    CAIRN_ASSIGN_OR_RETURN(const std::string_view word, Next(what));
    const auto found = std::find(names.begin(), names.end(), word);
    if (found == names.end()) return Wrong("no ", what, " is called \"", Escape(word), "\"");
    *value = static_cast<Enum>(found - names.begin());
    return {};
  }
  // The literal `name`.
  absl::Status Name(std::string_view name) {
    CAIRN_ASSIGN_OR_RETURN(const std::string_view word, Next(name));
    return word == name ? absl::Status() : Wrong("here comes \"", name, "\"");
  }
  absl::Status End() {
    column_ = at_;
    return done() ? absl::Status() : Wrong("there is too much on this line");
  }

 private:
  std::string_view line_;
  size_t at_ = 0;      // Of the next word; behind the line's end: there is none.
  size_t column_ = 0;  // Of the last one, from 0.
};

absl::StatusOr<ModelTextParser::Line> ModelTextParser::Parse(std::string_view line, Row* row) {
  Words words(line);
  switch (expect_) {
    case Expect::kTitle:
      if (line != kTitle) return words.Wrong("this is not \"", kTitle, "\"");
      expect_ = Expect::kHeader;
      return Line::kHeader;
    case Expect::kHeader:
      CAIRN_RETURN_IF_ERROR(ParseHeaderLine(&words));
      return expect_ == Expect::kRows ? Line::kHeaderEnd : Line::kHeader;
    case Expect::kRows:
      return ParseRowLine(line, row);
    case Expect::kNothing:
      break;
  }
  return words.Wrong("the text goes on after its end");
}

absl::Status ModelTextParser::ParseHeaderLine(Words* words) {
  CAIRN_ASSIGN_OR_RETURN(const std::string_view name, words->Next("an entry"));
  if (name == "table") return ParseTable(words);
  if (name == "retention") return ParseRetention(words);
  if (name == "part") return ParsePart(words);
  if (name == "rows") {
    const absl::Status whole = CheckHeader();
    if (!whole.ok()) return words->Wrong(MessageOf(whole));
    expect_ = Expect::kRows;
    return words->End();
  }
  if (name == "job" || name == "program") {
    const absl::StatusOr<std::string> value = Unescape(words->Rest());
    if (!value.ok()) return words->Wrong(MessageOf(value.status()));
    std::string& text = name == "job" ? header_.job : header_.program;
    const size_t most = name == "job" ? limits::kStringBytesMax : limits::kProgramBytesMax;
    if (text.size() + value->size() > most) {
      return words->Wrong(name, ": more than ", most, " bytes in all");
    }
    text += *value;
  } else if (name == "seed") {
    CAIRN_ASSIGN_OR_RETURN(header_.seed, words->Whole(name, ~uint64_t{0}));
  } else if (name == "checkpoint") {
    CAIRN_ASSIGN_OR_RETURN(header_.checkpoint, words->Whole(name, ~uint64_t{0}));
  } else if (name == "partitions") {
    CAIRN_ASSIGN_OR_RETURN(const uint64_t count, words->Whole(name, limits::kPartitionsMax));
    if (!std::has_single_bit(count)) return words->Wrong(count, " is no power of two");
    header_.partitions = static_cast<uint32_t>(count);
  } else if (name == "digest") {
    CAIRN_ASSIGN_OR_RETURN(const std::string_view hex, words->Next(name));
    header_.digest = ParseDigest(hex);
    if (!header_.digest.has_value()) return words->Wrong("a digest is 32 hexadecimal digits");
  } else {
    return words->Wrong("unknown entry \"", Escape(name), "\"");
  }
  return words->End();
}

absl::Status ModelTextParser::ParseTable(Words* words) {
  if (header_.tables.size() == limits::kTablesMax) return words->Wrong("too many tables");
  TableSpec spec;
  spec.parts.clear();
  CAIRN_ASSIGN_OR_RETURN(const std::string_view name, words->Next("the table's name"));
  spec.name = std::string(name);
  CAIRN_RETURN_IF_ERROR(words->OneOf("kind of table", kKinds, &spec.kind));
  CAIRN_RETURN_IF_ERROR(words->OneOf("reduction", kReductions, &spec.reduction));
  CAIRN_ASSIGN_OR_RETURN(spec.dense_size, words->Whole("dense floats", limits::kDenseFloatsMax));
  header_.tables.push_back(std::move(spec));
  header_.state_floats.emplace_back();
  return words->End();
}

absl::Status ModelTextParser::ParseRetention(Words* words) {
  if (header_.tables.empty() || !header_.tables.back().parts.empty()) {
    return words->Wrong("the retention of a table comes right after it");
  }
  RetentionSpec& retention = header_.tables.back().retention;
  const auto whole = [&](std::string_view name, uint64_t most, auto* value) {
    CAIRN_RETURN_IF_ERROR(words->Name(name));
    CAIRN_ASSIGN_OR_RETURN(const uint64_t number, words->Whole(name, most));
    *value = static_cast<std::remove_pointer_t<decltype(value)>>(number);
    return absl::Status();
  };
  const auto real = [&](std::string_view name, float* value) {
    CAIRN_RETURN_IF_ERROR(words->Name(name));
    CAIRN_ASSIGN_OR_RETURN(*value, words->Float(name));
    return absl::Status();
  };
  CAIRN_RETURN_IF_ERROR(whole("admit_count", limits::kAdmitCountMax, &retention.admit_count));
  CAIRN_RETURN_IF_ERROR(real("admit_probability", &retention.admit_probability));
  CAIRN_RETURN_IF_ERROR(whole("sketch_bytes", limits::kSketchBytesMax, &retention.sketch_bytes));
  CAIRN_RETURN_IF_ERROR(whole("expire_steps", limits::kExpireStepsMax, &retention.expire_steps));
  CAIRN_RETURN_IF_ERROR(real("expire_below", &retention.expire_below));
  CAIRN_RETURN_IF_ERROR(whole("bytes_max", limits::kTableBytesMax, &retention.bytes_max));
  return words->End();
}

absl::Status ModelTextParser::ParsePart(Words* words) {
  if (header_.tables.empty()) return words->Wrong("a part before any table");
  TableSpec& table = header_.tables.back();
  if (table.parts.size() == limits::kPartsMax) return words->Wrong("too many parts");
  PartSpec part;
  CAIRN_ASSIGN_OR_RETURN(const uint64_t width, words->Whole("width", limits::kRowFloatsMax));
  part.width = static_cast<uint32_t>(width);
  CAIRN_RETURN_IF_ERROR(words->Name("optimizer"));
  CAIRN_ASSIGN_OR_RETURN(const std::string_view name, words->Next("the optimizer's name"));
  const absl::StatusOr<std::string> optimizer = Unescape(name);
  if (!optimizer.ok()) return words->Wrong(MessageOf(optimizer.status()));
  part.optimizer.name = *optimizer;
  CAIRN_RETURN_IF_ERROR(ForEachNumber(part.optimizer, [&](std::string_view field, float& value) {
    CAIRN_RETURN_IF_ERROR(words->Name(field));
    CAIRN_ASSIGN_OR_RETURN(value, words->Float(field));
    return absl::Status();
  }));
  CAIRN_RETURN_IF_ERROR(words->Name("initializer"));
  CAIRN_RETURN_IF_ERROR(words->OneOf("initializer", kInitializers, &part.initializer.kind));
  CAIRN_ASSIGN_OR_RETURN(part.initializer.scale, words->Float("scale"));
  CAIRN_RETURN_IF_ERROR(words->Name("state"));
  CAIRN_ASSIGN_OR_RETURN(const uint64_t state, words->Whole("floats of state", kRowWordsMax));
  table.parts.push_back(std::move(part));
  header_.state_floats.back().push_back(static_cast<uint32_t>(state));
  return words->End();
}

absl::Status ModelTextParser::CheckHeader() const {
  if (header_.tables.empty()) return InvalidArgument("no table comes before the rows");
  std::set<std::string_view> names;
  for (size_t table = 0; table < header_.tables.size(); ++table) {
    const TableSpec& spec = header_.tables[table];
    CAIRN_RETURN_IF_ERROR(Annotate(CheckTable(spec), "table \"", Escape(spec.name), "\""));
    if (!names.insert(spec.name).second) {
      return InvalidArgument("table \"", spec.name, "\" comes twice");
    }
    uint64_t words = uint64_t{kRowCountWords} + spec.width();
    for (const uint32_t floats : header_.state_floats[table]) words += floats;
    if (words > kRowWordsMax) {
      return InvalidArgument("table \"", spec.name, "\": rows of ", words, " words, more than ",
                             kRowWordsMax);
    }
  }
  return {};
}

absl::StatusOr<ModelTextParser::Line> ModelTextParser::ParseRowLine(std::string_view line,
                                                                    Row* row) {
  Words words(line);
  if (!line.starts_with("END ")) {
    CAIRN_RETURN_IF_ERROR(ParseKey(&words, row));
    ++rows_;
    return Line::kRow;
  }
  CAIRN_RETURN_IF_ERROR(words.Name("END"));
  CAIRN_ASSIGN_OR_RETURN(const uint64_t rows, words.Whole("the number of rows", ~uint64_t{0}));
  if (rows != rows_) return words.Wrong("the end of ", rows, " rows, but there are ", rows_);
  CAIRN_RETURN_IF_ERROR(words.End());
  expect_ = Expect::kNothing;
  return Line::kEnd;
}

absl::Status ModelTextParser::ParseKey(Words* words, Row* row) const {
  CAIRN_ASSIGN_OR_RETURN(const std::string_view name, words->Next("the table's name"));
  const std::vector<TableSpec>& tables = header_.tables;
  const auto table = std::find_if(tables.begin(), tables.end(),
                                  [&](const TableSpec& spec) { return spec.name == name; });
  if (table == tables.end()) return words->Wrong("no table is called \"", Escape(name), "\"");
  row->table = static_cast<uint32_t>(table - tables.begin());
  const bool dense = table->kind == TableSpec::Kind::kDense;
  const uint64_t key_most = dense ? table->blocks() - 1 : ~uint64_t{0};
  CAIRN_ASSIGN_OR_RETURN(row->key, words->Whole(dense ? "block" : "key", key_most));
  return {};
}

absl::Status ModelTextParser::ParseValues(std::string_view line, Row* row) const {
  Words words(line);
  CAIRN_RETURN_IF_ERROR(ParseKey(&words, row));
  const size_t weights_end = kRowCountWords + header_.tables[row->table].width();
  const size_t words_of_row = header_.RowWords(row->table);
  row->words.clear();  // Grows with the line, whatever the header says.
  CAIRN_ASSIGN_OR_RETURN(const RowCount count, words.Count());
  row->words.resize(kRowCountWords);
  SetCount(count, row->words.data());
  while (row->words.size() < words_of_row) {
    const std::string_view what = row->words.size() < weights_end ? "weight" : "optimizer state";
    CAIRN_ASSIGN_OR_RETURN(const float value, words.Float(what));
    row->words.push_back(value);
  }
  return words.End();
}

}  // namespace cairn
