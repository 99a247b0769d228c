// Writing JSON (RFC 8259): nothing more than the reports need.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

// Builds one document from the outside in, with two blanks of indent a level or all on one line.
// Not thread-safe. Calls that make no JSON (a value without its key in an object, End of what was
// not begun) are broken invariants and end the program.
class JsonWriter {
 public:
  enum class Layout : uint8_t { kIndented, kOneLine };
  explicit JsonWriter(Layout layout = Layout::kIndented) : layout_(layout) {}

  void BeginObject() { Begin('{'); }
  void EndObject() { End('}'); }
  void BeginArray() { Begin('['); }
  void EndArray() { End(']'); }
  // In an object, before each value.
  void Key(std::string_view key);

  // Bytes that are no UTF-8 become U+FFFD.
  void String(std::string_view value);
  void Integer(uint64_t value);
  // The fewest digits that read back as the same number; null for what is not finite.
  void Real(double value);

  // The document, with a newline at its end. Only once everything is closed.
  std::string Finish();

 private:
  struct Level {
    char end;
    bool empty = true;
  };

  void Begin(char bracket);
  void End(char bracket);
  void BeforeValue();
  void NewLine();

  const Layout layout_;
  std::string text_;
  std::vector<Level> levels_;
  bool has_key_ = false;  // Written, and waiting for its value.
};

// An object's member: its key, then its value.
void Field(JsonWriter* json, std::string_view key, std::string_view value);
void Field(JsonWriter* json, std::string_view key, uint64_t value);
void Field(JsonWriter* json, std::string_view key, double value);

}  // namespace cairn
