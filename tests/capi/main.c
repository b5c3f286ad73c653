#include "check.h"

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*run)(void);
  } tests[] = {
      {"basics", test_basics},       {"options", test_options}, {"prepare", test_prepare},
      {"operation", test_operation}, {"answers", test_answers}, {"sign", test_sign},
      {"json", test_json},           {"structs", test_structs}, {"callbacks", test_callbacks},
      {"misuse", test_misuse},       {"threads", test_threads}, {"verify", test_verify},
      {"caches", test_caches},       {"names", test_names},     {"send", test_send},
      {"prices", test_prices},       {"process", test_process}, {"stale", test_stale},
      {"ledger", test_ledger},       {"budgets", test_budgets}, {"projects", test_projects},
  };
  size_t i, ran = 0;
  clear_environment();
  for (i = 0; i < sizeof tests / sizeof tests[0]; ++i) {
    if (argc > 1 && strcmp(argv[1], tests[i].name) != 0) continue;
    tests[i].run();
    CHECK(costmark_live_handles() == 0);
    ++ran;
  }
  if (ran == 0) fprintf(stderr, "no such test\n");
  return failures == 0 && ran > 0 ? 0 : 1;
}
