#include "numbers.hpp"

#include "costmark/prices.hpp"

namespace costmark::capi {
namespace {

template <class Core>
constexpr bool is(Core core, std::int32_t number) noexcept {
  return static_cast<std::int32_t>(core) == number;
}

static_assert(is(Code::ok, COSTMARK_OK));
static_assert(is(Code::invalid_argument, COSTMARK_INVALID_ARGUMENT));
static_assert(is(Code::invalid_json, COSTMARK_INVALID_JSON));
static_assert(is(Code::invalid_url, COSTMARK_INVALID_URL));
static_assert(is(Code::body_needed, COSTMARK_BODY_NEEDED));
static_assert(is(Code::invalid_option, COSTMARK_INVALID_OPTION));
static_assert(is(Code::endpoint_mismatch, COSTMARK_ENDPOINT_MISMATCH));
static_assert(is(Code::unsupported, COSTMARK_UNSUPPORTED));
static_assert(is(Code::invalid_project, COSTMARK_INVALID_PROJECT));
static_assert(is(Code::unattributed, COSTMARK_UNATTRIBUTED));
static_assert(is(Code::conflict, COSTMARK_CONFLICT));
static_assert(is(Code::project_not_allowed, COSTMARK_PROJECT_NOT_ALLOWED));
static_assert(is(Code::budget_exceeded, COSTMARK_BUDGET_EXCEEDED));
static_assert(is(Code::no_credentials, COSTMARK_NO_CREDENTIALS));
static_assert(is(Code::expired_credentials, COSTMARK_EXPIRED_CREDENTIALS));
static_assert(is(Code::unusable_credentials, COSTMARK_UNUSABLE_CREDENTIALS));
static_assert(is(Code::transport, COSTMARK_TRANSPORT));
static_assert(is(Code::timeout, COSTMARK_TIMEOUT));
static_assert(is(Code::throttled, COSTMARK_THROTTLED));
static_assert(is(Code::service, COSTMARK_SERVICE));
static_assert(is(Code::out_of_memory, COSTMARK_OUT_OF_MEMORY));
static_assert(is(Code::internal, COSTMARK_INTERNAL));
static_assert(is(Code::stopped_by_callback, COSTMARK_STOPPED_BY_CALLBACK));
static_assert(is(Code::cancelled, COSTMARK_CANCELLED));
static_assert(is(Code::would_block, COSTMARK_WOULD_BLOCK));

static_assert(number_of(BudgetSubject::all) == COSTMARK_BUDGET_OF_ALL);
static_assert(number_of(BudgetSubject::project) == COSTMARK_BUDGET_OF_PROJECT);
static_assert(number_of(BudgetSubject::tag) == COSTMARK_BUDGET_OF_TAG);
static_assert(number_of(BudgetSubject::label) == COSTMARK_BUDGET_OF_LABEL);
static_assert(number_of(BudgetUnit::pico_usd) == COSTMARK_BUDGET_PICO_USD);
static_assert(number_of(BudgetUnit::tokens) == COSTMARK_BUDGET_TOKENS);
static_assert(number_of(BudgetUnit::calls) == COSTMARK_BUDGET_CALLS);
static_assert(number_of(BudgetPeriod::day) == COSTMARK_BUDGET_DAY);
static_assert(number_of(BudgetPeriod::month) == COSTMARK_BUDGET_MONTH);
static_assert(number_of(BudgetAction::warn) == COSTMARK_BUDGET_WARN);
static_assert(number_of(BudgetAction::refuse) == COSTMARK_BUDGET_REFUSE);

static_assert(is(ProjectSource::none, COSTMARK_SOURCE_NONE));
static_assert(is(ProjectSource::request, COSTMARK_SOURCE_REQUEST));
static_assert(is(ProjectSource::scope, COSTMARK_SOURCE_SCOPE));
static_assert(is(ProjectSource::rule, COSTMARK_SOURCE_RULE));
static_assert(is(ProjectSource::client, COSTMARK_SOURCE_CLIENT));
static_assert(is(ProjectSource::environment, COSTMARK_SOURCE_ENVIRONMENT));

static_assert(is(Api::other, COSTMARK_API_OTHER));
static_assert(is(Api::chat_completions, COSTMARK_API_CHAT_COMPLETIONS));
static_assert(is(Api::responses, COSTMARK_API_RESPONSES));
static_assert(is(Api::messages, COSTMARK_API_MESSAGES));
static_assert(is(Api::embeddings, COSTMARK_API_EMBEDDINGS));
static_assert(is(Api::control, COSTMARK_API_CONTROL));
static_assert(is(Api::converse, COSTMARK_API_CONVERSE));
static_assert(is(Api::invoke_model, COSTMARK_API_INVOKE_MODEL));

static_assert(is(NextStep::none, COSTMARK_STEP_NONE));
static_assert(is(NextStep::done, COSTMARK_STEP_DONE));
static_assert(is(NextStep::again, COSTMARK_STEP_AGAIN));
static_assert(is(NextStep::after_pause, COSTMARK_STEP_AFTER_PAUSE));

static_assert(is(NextReason::none, COSTMARK_REASON_NONE));
static_assert(is(NextReason::answered, COSTMARK_REASON_ANSWERED));
static_assert(is(NextReason::cancelled, COSTMARK_REASON_CANCELLED));
static_assert(is(NextReason::final_answer, COSTMARK_REASON_FINAL_ANSWER));
static_assert(is(NextReason::not_renewed, COSTMARK_REASON_NOT_RENEWED));
static_assert(is(NextReason::exhausted, COSTMARK_REASON_EXHAUSTED));
static_assert(is(NextReason::refused, COSTMARK_REASON_REFUSED));
static_assert(is(NextReason::busy, COSTMARK_REASON_BUSY));
static_assert(is(NextReason::no_answer, COSTMARK_REASON_NO_ANSWER));
static_assert(is(NextReason::cut_short, COSTMARK_REASON_CUT_SHORT));

static_assert(is(Outcome::unknown, COSTMARK_OUTCOME_UNKNOWN));
static_assert(is(Outcome::ok, COSTMARK_OUTCOME_OK));
static_assert(is(Outcome::error, COSTMARK_OUTCOME_ERROR));
static_assert(is(Outcome::cancelled, COSTMARK_OUTCOME_CANCELLED));
static_assert(is(Outcome::incomplete, COSTMARK_OUTCOME_INCOMPLETE));
static_assert(is(Outcome::open, COSTMARK_OUTCOME_OPEN));

static_assert(is(UsageFlag::decreasing, COSTMARK_USAGE_FLAG_DECREASING));
static_assert(is(UsageFlag::total, COSTMARK_USAGE_FLAG_TOTAL));
static_assert(is(UsageFlag::unread, COSTMARK_USAGE_FLAG_UNREAD));
static_assert(is(UsageFlag::inconsistent, COSTMARK_USAGE_FLAG_PART_EXCEEDS_WHOLE));
static_assert(is(UsageFlag::other_model, COSTMARK_USAGE_FLAG_OTHER_MODEL));

static_assert(is(CostState::unknown, COSTMARK_COST_UNKNOWN));
static_assert(is(CostState::priced, COSTMARK_COST_PRICED));
static_assert(is(CostState::partial, COSTMARK_COST_PARTIAL));
static_assert(is(CostState::unpriced, COSTMARK_COST_UNPRICED));
static_assert(is(CostState::free, COSTMARK_COST_FREE));
static_assert(is(CostState::elsewhere, COSTMARK_COST_ELSEWHERE));

static_assert(is(PriceFlag::tier_assumed, COSTMARK_PRICE_FLAG_TIER_ASSUMED));
static_assert(is(PriceFlag::parts_absent, COSTMARK_PRICE_FLAG_PARTS_ABSENT));
static_assert(is(PriceFlag::cache_time_absent, COSTMARK_PRICE_FLAG_CACHE_TIME_ABSENT));
static_assert(is(PriceFlag::counts_absent, COSTMARK_PRICE_FLAG_COUNTS_ABSENT));
static_assert(is(PriceFlag::inconsistent, COSTMARK_PRICE_FLAG_INCONSISTENT));
static_assert(is(PriceFlag::overflow, COSTMARK_PRICE_FLAG_OVERFLOW));
static_assert(is(PriceFlag::no_model, COSTMARK_PRICE_FLAG_NO_MODEL));
static_assert(is(PriceFlag::no_region, COSTMARK_PRICE_FLAG_NO_REGION));
static_assert(is(PriceFlag::no_serving, COSTMARK_PRICE_FLAG_NO_SERVING));
static_assert(is(PriceFlag::no_tier, COSTMARK_PRICE_FLAG_NO_TIER));
static_assert(is(PriceFlag::no_day, COSTMARK_PRICE_FLAG_NO_DAY));
static_assert(is(PriceFlag::no_price, COSTMARK_PRICE_FLAG_NO_PRICE));
static_assert(is(PriceFlag::region_absent, COSTMARK_PRICE_FLAG_REGION_ABSENT));

static_assert(is(Verdict::unknown, COSTMARK_VERDICT_UNKNOWN));
static_assert(is(Verdict::honored, COSTMARK_VERDICT_HONORED));
static_assert(is(Verdict::not_honored, COSTMARK_VERDICT_NOT_HONORED));

}  // namespace

costmark_outcome number_of(Outcome outcome) noexcept {
  return static_cast<costmark_outcome>(outcome);
}

std::optional<Outcome> failure_of(costmark_outcome outcome) noexcept {
  switch (outcome) {
    case COSTMARK_OUTCOME_ERROR:
      return Outcome::error;
    case COSTMARK_OUTCOME_CANCELLED:
      return Outcome::cancelled;
    case COSTMARK_OUTCOME_INCOMPLETE:
      return Outcome::incomplete;
    case COSTMARK_OUTCOME_UNKNOWN:
      return Outcome::unknown;
    default:
      return std::nullopt;
  }
}

costmark_answer_kind number_of(AttemptReport::Kind kind) noexcept {
  switch (kind) {
    case AttemptReport::Kind::attempt:
      return COSTMARK_ANSWER_ATTEMPT;
    case AttemptReport::Kind::settlement:
      return COSTMARK_ANSWER_SETTLEMENT;
  }
  return 0;
}

costmark_log_level number_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return COSTMARK_LOG_DEBUG;
    case LogLevel::info:
      return COSTMARK_LOG_INFO;
    case LogLevel::warning:
      return COSTMARK_LOG_WARNING;
    case LogLevel::error:
      return COSTMARK_LOG_ERROR;
  }
  return 0;
}

costmark_option_type number_of(OptionType type) noexcept {
  switch (type) {
    case OptionType::text:
      return COSTMARK_OPTION_TEXT;
    case OptionType::secret:
      return COSTMARK_OPTION_SECRET;
    case OptionType::boolean:
      return COSTMARK_OPTION_BOOLEAN;
    case OptionType::integer:
      return COSTMARK_OPTION_INTEGER;
    case OptionType::choice:
      return COSTMARK_OPTION_CHOICE;
    case OptionType::list:
      return COSTMARK_OPTION_LIST;
    case OptionType::url:
      return COSTMARK_OPTION_URL;
  }
  return COSTMARK_OPTION_UNKNOWN;
}

}  // namespace costmark::capi
