// firn_get_api: the table of functions for those who load the library with dlopen.
#include "firn.h"

namespace {

constexpr firn_api kApi = {
    .struct_size = sizeof(firn_api),
    .version = FIRN_VERSION_MAJOR << 16 | FIRN_VERSION_MINOR << 8 | FIRN_VERSION_PATCH,
    .status_name = firn_status_name,
    .status_text = firn_status_text,
    .status_is_retryable = firn_status_is_retryable,
    .build_info = firn_build_info,
    .options_new = firn_options_new,
    .options_free = firn_options_free,
    .options_set = firn_options_set,
    .options_set_u64 = firn_options_set_u64,
    .options_parse = firn_options_parse,
    .option_count = firn_option_count,
    .option_info_at = firn_option_info_at,
    .open = firn_open,
    .close = firn_close,
    .recovery = firn_recovery,
    .sync = firn_sync,
    .flush = firn_flush,
    .compact = firn_compact,
    .run_jobs = firn_run_jobs,
    .db_error = firn_db_error,
    .put = firn_put,
    .get = firn_get,
    .del = firn_delete,
    .exists = firn_exists,
    .pin = firn_pin,
    .unpin = firn_unpin,
    .write = firn_write,
    .multi_get = firn_multi_get,
    .scan = firn_scan,
    .iter_chunk = firn_iter_chunk,
    .iter_entries = firn_iter_entries,
    .iter_seek = firn_iter_seek,
    .iter_close = firn_iter_close,
    .ns_open = firn_ns_open,
    .ns_clear = firn_ns_clear,
    .ns_drop = firn_ns_drop,
    .ns_list = firn_ns_list,
    .stats_json = firn_stats_json,
    .check = firn_check,
};

}  // namespace

const firn_api* firn_get_api(uint32_t major) { return major == FIRN_VERSION_MAJOR ? &kApi : nullptr; }
