#include "compare/options.h"

#include <getopt.h>

#include "compare/arguments.h"

namespace bench {
namespace {

constexpr Usage kUsage("firn_compare",
                       "usage: firn_compare [options]\n"
                       "  --engines A,B,..     which stores (default: all that were built in)\n"
                       "  --workloads A,B,..   which rows (default: all; a group's name stands for its rows)\n"
                       "  --keys N             keys in the database (1000000)\n"
                       "  --ops N              operations of a phase that reads (as many as keys)\n"
                       "  --key-bytes N        16 and above for decimal, 8 for binary (16); the others have their own lengths\n"
                       "  --value-bytes N      16 and above (100)\n"
                       "  --key-kind K         decimal | binary | url | time (decimal)\n"
                       "  --threads N          threads of the rows with several threads (2)\n"
                       "  --reps N             repetitions, engines interleaved; the median counts (3)\n"
                       "  --seconds-max S      a phase ends after this time, done or not (20)\n"
                       "  --held-writes N      writes a second in readheld (500000)\n"
                       "  --sustained-seconds S  of the group sustained, which runs when it is named (600)\n"
                       "  --sustained-keys N   its inserts are overwrites from so many keys on: bounds the disk (100000000)\n"
                       "  --dir PATH           a directory on a real disk (/var/tmp)\n"
                       "  --json FILE          appends one JSON line a result\n"
                       "  --no-package-factor  do not multiply the best figure of Debian's RocksDB and LevelDB packages by 1.3\n"
                       "  --quick              the floor rows for firn, rocksdb, leveldb, lmdb, in less than three minutes\n"
                       "  --list               prints stores and rows\n");

uint64_t count(const char* name, const char* text, double low, double high) {
  return static_cast<uint64_t>(kUsage.number(name, text, low, high));
}

const option kOptions[] = {{"engines", 1, nullptr, 'e'},
                           {"workloads", 1, nullptr, 'w'},
                           {"keys", 1, nullptr, 'n'},
                           {"ops", 1, nullptr, 'o'},
                           {"key-bytes", 1, nullptr, 'k'},
                           {"value-bytes", 1, nullptr, 'v'},
                           {"key-kind", 1, nullptr, 'K'},
                           {"threads", 1, nullptr, 't'},
                           {"reps", 1, nullptr, 'r'},
                           {"seconds-max", 1, nullptr, 's'},
                           {"held-writes", 1, nullptr, 'H'},
                           {"sustained-seconds", 1, nullptr, 'S'},
                           {"sustained-keys", 1, nullptr, 'N'},
                           {"dir", 1, nullptr, 'd'},
                           {"json", 1, nullptr, 'j'},
                           {"no-package-factor", 0, nullptr, 'P'},
                           {"quick", 0, nullptr, 'q'},
                           {"list", 0, nullptr, 'l'},
                           {"child-engine", 1, nullptr, 'E'},
                           {"child-group", 1, nullptr, 'G'},
                           {"child-dir", 1, nullptr, 'D'},
                           {"child-fd", 1, nullptr, 'F'},
                           {nullptr, 0, nullptr, 0}};

KeyKind key_kind(const std::string& name) {
  for (const KeyKind kind : {KeyKind::kDecimal, KeyKind::kBinary, KeyKind::kUrl, KeyKind::kTime})
    if (name == key_kind_name(kind)) return kind;
  kUsage.complain("--key-kind: decimal, binary, url or time");
}

void apply(Options& options, int letter, const char* text) {
  switch (letter) {
    case 'e':
      options.engines = split(text);
      break;
    case 'w':
      options.workloads = split(text);
      break;
    case 'n':
      options.key_count = count("--keys", text, 1000, 1e9);
      break;
    case 'o':
      options.operation_count = count("--ops", text, 1, 1e10);
      break;
    case 'k':
      options.key_bytes = count("--key-bytes", text, 8, 65535);
      break;
    case 'v':
      options.value_bytes = count("--value-bytes", text, Values::kValueBytesMin, 64 << 20);
      break;
    case 'K':
      options.key_kind = key_kind(text);
      break;
    case 't':
      options.threads = static_cast<unsigned>(count("--threads", text, 1, 256));
      break;
    case 'r':
      options.reps = static_cast<unsigned>(count("--reps", text, 1, 1000));
      break;
    case 's':
      options.seconds_max = kUsage.number("--seconds-max", text, 0.01, 1e6);
      break;
    case 'H':
      options.held_writes = kUsage.number("--held-writes", text, 1, 1e9);
      break;
    case 'S':
      options.sustained_seconds = kUsage.number("--sustained-seconds", text, 2, 1e6);
      break;
    case 'N':
      options.sustained_keys = count("--sustained-keys", text, 1000, 1e9);
      break;
    case 'd':
      options.dir = text;
      break;
    case 'j':
      options.json_path = text;
      break;
    case 'P':
      options.package_factor = false;
      break;
    case 'q':
      options.quick = true;
      break;
    case 'l':
      options.list = true;
      break;
    case 'E':
      options.child_engine = text;
      break;
    case 'G':
      options.child_group = text;
      break;
    case 'D':
      options.child_dir = text;
      break;
    case 'F':
      options.child_fd = static_cast<int>(count("--child-fd", text, 0, 1 << 20));
      break;
    default:
      kUsage.complain("unknown option");
  }
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  for (int letter = 0; (letter = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) apply(options, letter, optarg);
  if (optind < argc) kUsage.complain(std::string("unexpected argument: ") + argv[optind]);
  // 16 digits hold every number of a scattered key (2^41), and keys of one length must not collide.
  if (options.key_kind == KeyKind::kDecimal && options.key_bytes < 16) kUsage.complain("--key-bytes: decimal keys need 16");
  if (options.key_kind == KeyKind::kUrl || options.key_kind == KeyKind::kTime)
    options.key_bytes = Keys(options.key_kind, 0, false, options.key_count).total_bytes(options.key_count) / options.key_count;
  if (options.operation_count == 0) options.operation_count = options.key_count;
  if (options.quick && options.engines.empty()) options.engines = {"firn", "rocksdb", "leveldb", "lmdb"};
  if (options.quick && options.workloads.empty())
    options.workloads = {"fillseq", "fillrandom", "overwrite", "readrandom",      "readmissing",
                         "readseq", "seek10",     "space",     "memory_anonymous"};
  if (options.quick) options.seconds_max = std::min(options.seconds_max, 5.0);
  return options;
}

}  // namespace bench
