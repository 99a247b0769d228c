#include "train/label_rule.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "base/status.h"

namespace cairn {
namespace {

std::string ErrorOf(std::string_view text) {
  const auto rule = ParseLabelRule(text);
  REQUIRE_FALSE(rule.ok());
  CHECK(rule.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(rule.status()));
}

// NaN: it is refused.
float Read(std::string_view rule, std::string_view token, LabelKind kind = LabelKind::kBinary) {
  float label = 9;
  const LabelReader reader(ParseLabelRule(rule).value(), kind);
  return reader.Read(token, &label) == nullptr ? label : std::nanf("");
}

TEST_CASE("Rules are read, blanks or not, and written as they were meant", "[label_rule]") {
  CHECK(ParseLabelRule("delay").value() == LabelRule{"delay", Comparison::kNone, ""});
  CHECK(ParseLabelRule("delay>15").value() == LabelRule{"delay", Comparison::kGreater, "15"});
  CHECK(ParseLabelRule(" delay >= -1.5 ").value() ==
        LabelRule{"delay", Comparison::kGreaterEqual, "-1.5"});
  CHECK(ParseLabelRule(">4").value() == LabelRule{"", Comparison::kGreater, "4"});
  CHECK(ParseLabelRule("answer == very well").value() ==
        LabelRule{"answer", Comparison::kEqual, "very well"});
  for (const char* text : {"x", "x>1", "x>=1", "x<1", "x<=1", "x==1", "x!=a", ">1"}) {
    CHECK(FormatLabelRule(ParseLabelRule(text).value()) == text);
  }
}

TEST_CASE("Wrong rules are told apart, with the place", "[label_rule]") {
  CHECK(ErrorOf("") == "\"\": no column is named");
  CHECK(ErrorOf("x=1") == "\"x=1\", column 2: expected one of < <= > >= == !=; did you mean ==?");
  CHECK(ErrorOf("x!1") == "\"x!1\", column 2: expected one of < <= > >= == !=");
  CHECK(ErrorOf("x>") == "\"x>\", column 3: expected what to compare with");
  CHECK(ErrorOf("x>abc") ==
        "\"x>abc\", column 3: not a finite number: \"abc\"; only == and != compare texts");
  CHECK(ErrorOf("x<nan") ==
        "\"x<nan\", column 3: not a finite number: \"nan\"; only == and != compare texts");
}

TEST_CASE("Comparisons of numbers", "[label_rule]") {
  CHECK(Read("x>15", "15") == 0);
  CHECK(Read("x>15", "15.5") == 1);
  CHECK(Read("x>=15", " 15 ") == 1);
  CHECK(Read("x>=15", "14") == 0);
  CHECK(Read("x<15", "14") == 1);
  CHECK(Read("x<15", "15") == 0);
  CHECK(Read("x<=15", "15") == 1);
  CHECK(Read("x<=15", "16") == 0);
  CHECK(Read("x==15", "15.0") == 1);
  CHECK(Read("x==15", "1") == 0);
  CHECK(Read("x!=15", "15.0") == 0);
  CHECK(Read("x!=15", "1") == 1);
  CHECK(std::isnan(Read("x>15", "")));
  CHECK(std::isnan(Read("x>15", "NA")));
  CHECK(std::isnan(Read("x==15", "inf")));
}

TEST_CASE("Comparisons of texts are exact", "[label_rule]") {
  CHECK(Read("x==yes", "yes") == 1);
  CHECK(Read("x==yes", "Yes") == 0);
  CHECK(Read("x!=yes", "") == 1);
}

TEST_CASE("Labels without a comparison", "[label_rule]") {
  CHECK(Read("x", "-1") == 0);
  CHECK(Read("x", "+1") == 1);
  CHECK(std::isnan(Read("x", "2")));
  CHECK(std::isnan(Read("x", "")));
  CHECK(Read("x", "2.5", LabelKind::kAny) == 2.5f);
  CHECK(Read("x", "-1", LabelKind::kAny) == -1);
  CHECK(std::isnan(Read("x", "nan", LabelKind::kAny)));
}

TEST_CASE("A label that nobody asks for is not looked at", "[label_rule]") {
  CHECK(Read("x>15", "anything", LabelKind::kIgnored) == 0);
  CHECK(Read("x", "", LabelKind::kIgnored) == 0);
}

TEST_CASE("Classes are whole numbers from 0", "[label_rule]") {
  LabelRule rule;
  rule.classes = 3;
  const LabelReader reader(rule, LabelKind::kClass);
  float label = 9;
  for (const char* token : {"0", "1", "2", " 2.0 "}) CHECK(reader.Read(token, &label) == nullptr);
  CHECK(label == 2);
  for (const char* token : {"3", "-1", "0.5", "1e30"}) {
    const char* what = reader.Read(token, &label);
    REQUIRE(what != nullptr);
    CHECK(std::string(what) ==
          "label is not one of the 3 classes 0 .. 2 (--classes N: there are more): ");
  }
  CHECK(reader.Read("nan", &label) == std::string("label is not a finite number: "));
}

}  // namespace
}  // namespace cairn
