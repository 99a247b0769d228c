#include "cli/man_page.h"

#include <catch2/catch.hpp>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace cairn {
namespace {

TEST_CASE("Every page has a manual page, and cairn has one that names them", "[man_page]") {
  const std::vector<Page> pages = AllPages();
  std::map<std::string, std::string> files;
  for (const auto& [name, text] : ManPages(pages)) files[name] = text;
  CHECK(files.size() == pages.size() + 1);
  const std::string& train = files.at("cairn-train.1");
  CHECK(train.starts_with(".TH CAIRN-TRAIN 1 \"\" \"Cairn "));
  CHECK(train.find("\n.SH NAME\ncairn\\-train \\- Train a model") != train.npos);
  CHECK(train.find("\n.TP\n\\fB\\-\\-epochs\\fR \\fIN\\fR\nPasses over the data") != train.npos);
  CHECK(train.find("CAIRN_TRAIN_") != train.npos);
  CHECK(files.at("cairn-completion.1").find("ENVIRONMENT") == std::string::npos);
  for (const auto& [name, text] : files) {
    if (name == "cairn.1") continue;
    CHECK(files.at("cairn.1").find(".BR ") != std::string::npos);
    CHECK(text.find(".BR cairn (1)\n") != std::string::npos);
  }
}

TEST_CASE("No text is taken for a request", "[man_page]") {
  Page page{"cairn x", "a \\ b", ".dot begins this.", "", {}};
  page.options = {{.name = "o", .metavar = "N", .section = "S", .help = "'quoted' at the start"}};
  const std::string text = ManPages({&page, 1})[1].second;
  CHECK(text.find("a \\(rs b\n") != text.npos);
  CHECK(text.find("\n\\&.dot begins this.\n") != text.npos);
  CHECK(text.find("\n\\&'quoted' at the start") != text.npos);
}

}  // namespace
}  // namespace cairn
