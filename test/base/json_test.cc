#include "base/json.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

namespace cairn {
namespace {

std::string StringAsJson(const std::string& value) {
  JsonWriter json;
  json.String(value);
  return json.Finish();
}

std::string RealAsJson(double value) {
  JsonWriter json;
  json.Real(value);
  return json.Finish();
}

TEST_CASE("Objects and arrays nest, with commas between and none behind", "[json]") {
  JsonWriter json;
  json.BeginObject();
  json.Key("name");
  json.String("lr");
  json.Key("epochs");
  json.BeginArray();
  json.Integer(1);
  json.BeginObject();
  json.Key("auc");
  json.Real(0.5);
  json.EndObject();
  json.BeginArray();
  json.EndArray();
  json.EndArray();
  json.Key("nothing");
  json.BeginObject();
  json.EndObject();
  json.EndObject();
  CHECK(json.Finish() == R"({
  "name": "lr",
  "epochs": [
    1,
    {
      "auc": 0.5
    },
    []
  ],
  "nothing": {}
}
)");
}

TEST_CASE("Text is quoted, and control characters are escaped", "[json]") {
  CHECK(StringAsJson("") == "\"\"\n");
  CHECK(StringAsJson("a\"b\\c/d") == R"("a\"b\\c/d")"
                                     "\n");
  CHECK(StringAsJson(std::string("\n\t\r\0\x1f\x7f", 6)) ==
        "\"\\n\\t\\u000d\\u0000\\u001f\x7f\"\n");
}

TEST_CASE("Bytes that are no UTF-8 are replaced, and what is UTF-8 stays", "[json]") {
  const std::string legal = "\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \xED\x9F\xBF \xF4\x8F\xBF\xBF";
  CHECK(StringAsJson(legal) == "\"" + legal + "\"\n");
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(StringAsJson("a\xFFz") == "\"a" + mark + "z\"\n");
  CHECK(StringAsJson("\xC3") == "\"" + mark + "\"\n");                        // Cut off.
  CHECK(StringAsJson("\xC3(") == "\"" + mark + "(\"\n");                      // No continuation.
  CHECK(StringAsJson("\xC0\xAF") == "\"" + mark + mark + "\"\n");             // Overlong.
  CHECK(StringAsJson("\xED\xA0\x80") == "\"" + mark + mark + mark + "\"\n");  // A surrogate.
  CHECK(StringAsJson("\xF4\x90\x80\x80") == "\"" + mark + mark + mark + mark + "\"\n");
}

TEST_CASE("Numbers read back as they were, and what is not finite is null", "[json]") {
  CHECK(RealAsJson(0.1) == "0.1\n");
  CHECK(RealAsJson(-0.0) == "-0\n");
  CHECK(RealAsJson(1.0 / 3) == "0.3333333333333333\n");
  CHECK(RealAsJson(5e-324) == "5e-324\n");
  CHECK(RealAsJson(1.7976931348623157e308) == "1.7976931348623157e+308\n");
  CHECK(RealAsJson(std::nan("")) == "null\n");
  CHECK(RealAsJson(-std::numeric_limits<double>::infinity()) == "null\n");
  JsonWriter json;
  json.Integer(std::numeric_limits<uint64_t>::max());
  CHECK(json.Finish() == "18446744073709551615\n");
}

TEST_CASE("Fields are keys with values", "[json]") {
  JsonWriter json;
  json.BeginObject();
  Field(&json, "text", "a");
  Field(&json, "count", uint64_t{7});
  Field(&json, "real", 0.5);
  json.EndObject();
  CHECK(json.Finish() == "{\n  \"text\": \"a\",\n  \"count\": 7,\n  \"real\": 0.5\n}\n");
}

TEST_CASE("A document may stand on one line", "[json]") {
  JsonWriter json(JsonWriter::Layout::kOneLine);
  json.BeginObject();
  json.Key("a");
  json.BeginArray();
  json.Integer(1);
  json.String("x\ny");
  json.EndArray();
  json.Key("b");
  json.Real(0.5);
  json.EndObject();
  CHECK(json.Finish() == "{\"a\":[1,\"x\\ny\"],\"b\":0.5}\n");
}

}  // namespace
}  // namespace cairn
