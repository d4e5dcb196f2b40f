#include "options.h"

#include <memory>

#include "args.h"
#include "boundary.h"
#include "db/options.h"
#include "handle.h"

namespace firn {
namespace {

struct OptionsBody {
  DbOptions* options;
};

// Calls `change(DbOptions*) -> Code` on what the handle holds.
template <typename Change>
int32_t with_options(const firn_options* handle, Change&& change) {
  return guarded([&] {
    const ExclusiveUse use(handle, HandleType::kOptions, WhenBusy::kWait);
    if (use.code() != Code::kOk) return to_c(use.code());
    return to_c(change(use.slot()->body_as<OptionsBody>()->options));
  });
}

}  // namespace

Code read_options(const firn_options* handle, DbOptions* options) {
  if (handle == nullptr) return Code::kOk;
  const ExclusiveUse use(handle, HandleType::kOptions, WhenBusy::kWait);
  if (use.code() == Code::kOk) *options = *use.slot()->body_as<OptionsBody>()->options;
  return use.code();
}

}  // namespace firn

using namespace firn;

firn_options* firn_options_new(void) {
  return guarded(
      []() -> firn_options* {
        auto options = std::make_unique<DbOptions>();
        ReservedHandle handle;
        if (!handle.ok()) return nullptr;
        return static_cast<firn_options*>(handle.publish<OptionsBody>(HandleType::kOptions, options.release()));
      },
      [](Code) -> firn_options* { return nullptr; });
}

void firn_options_free(firn_options* options) {
  HandleSlot* slot = nullptr;
  if (close_exclusive(options, HandleType::kOptions, &slot) != Code::kOk) return;
  delete slot->body_as<OptionsBody>()->options;
  unreserve_handle(slot);
}

int32_t firn_options_set(firn_options* options, const char* name, const char* value) {
  return with_options(options, [&](DbOptions* held) {
    if (name == nullptr || value == nullptr) return Code::kInvalid;
    return set_option(held, name, std::string_view(value));
  });
}

int32_t firn_options_set_u64(firn_options* options, const char* name, uint64_t value) {
  return with_options(options, [&](DbOptions* held) {
    if (name == nullptr) return Code::kInvalid;
    return set_option(held, name, value);
  });
}

int32_t firn_options_parse(firn_options* options, const char* text) {
  return with_options(options, [&](DbOptions* held) {
    if (text == nullptr) return Code::kInvalid;
    return parse_options(held, text);
  });
}

uint32_t firn_option_count(void) { return option_count(); }

int32_t firn_option_info_at(uint32_t i, firn_option_info* info) {
  if (info == nullptr || i >= option_count()) return FIRN_INVALID;
  const OptionInfo& option = option_at(i);
  firn_option_info filled = {};
  filled.flags = static_cast<uint32_t>(option.use);
  filled.name = option.name;
  filled.type = option.type;
  filled.default_value = option.default_value;
  filled.range = option.range;
  filled.text = option.text;
  copy_out(info, filled, sizeof filled.name);  // whole pointers only
  return FIRN_OK;
}
