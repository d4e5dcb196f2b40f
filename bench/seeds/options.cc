#include "seeds/options.h"

#include <getopt.h>

#include "compare/arguments.h"

namespace bench {
namespace {

constexpr Usage kUsage("firn_seeds",
                       "usage: firn_seeds [options]\n"
                       "  --rows A,B,..      which rows (default: all; a seed's name stands for its rows)\n"
                       "  --reps N           repetitions, rows interleaved; the median counts (5)\n"
                       "  --dir PATH         a directory on a real disk (/var/tmp)\n"
                       "  --json FILE        appends one JSON line a result\n"
                       "  --scale F          times the seeds' numbers of operations and keys (1); below 1: a trial, without verdicts\n"
                       "  --seconds-max S    a phase ends after this time, done or not (2)\n"
                       "  --list             prints the rows\n");

const option kOptions[] = {{"rows", 1, nullptr, 'r'}, {"reps", 1, nullptr, 'n'},  {"dir", 1, nullptr, 'd'},
                           {"json", 1, nullptr, 'j'}, {"scale", 1, nullptr, 'f'}, {"seconds-max", 1, nullptr, 's'},
                           {"list", 0, nullptr, 'l'}, {nullptr, 0, nullptr, 0}};

void apply(SeedOptions& options, int letter, const char* text) {
  switch (letter) {
    case 'r':
      options.rows = split(text);
      break;
    case 'n':
      options.reps = static_cast<unsigned>(kUsage.number("--reps", text, 1, 1000));
      break;
    case 'd':
      options.dir = text;
      break;
    case 'j':
      options.json_path = text;
      break;
    case 'f':
      options.extent.scale = kUsage.number("--scale", text, 1e-9, 1);
      break;
    case 's':
      options.extent.seconds_max = kUsage.number("--seconds-max", text, 0.001, 1e6);
      break;
    case 'l':
      options.list = true;
      break;
    default:
      kUsage.complain("unknown option");
  }
}

bool is_known(const std::string& name) {
  for (const Row& row : all_rows())
    if (is_meant(row, name)) return true;
  return false;
}

}  // namespace

SeedOptions parse_options(int argc, char** argv) {
  SeedOptions options;
  for (int letter = 0; (letter = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) apply(options, letter, optarg);
  if (optind < argc) kUsage.complain(std::string("unexpected argument: ") + argv[optind]);
  for (const auto& name : options.rows)
    if (!is_known(name)) kUsage.complain("no row or seed is called " + name + " (--list shows them)");
  return options;
}

}  // namespace bench
