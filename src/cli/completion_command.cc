#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/completion.h"

namespace cairn {

absl::Status CompletionCommand(const OptionValues& values, const Console& console) {
  const std::string shell = values.Text("shell");
  const std::vector<Page> pages = AllPages();
  if (shell == "zsh") {
    *console.out << ZshCompletion(pages);
  } else if (shell == "fish") {
    *console.out << FishCompletion(pages);
  } else {
    *console.out << BashCompletion(pages);
  }
  return absl::OkStatus();
}

}  // namespace cairn
