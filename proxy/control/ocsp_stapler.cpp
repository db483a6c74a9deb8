#include "control/ocsp_stapler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "control/http_url.h"
#include "net/asio.h"
#include "pki/x509_facts.h"

namespace wssgate::control {
namespace {

constexpr Duration kFirstUrgentRetry{1'000};
constexpr Duration kMostUrgentRetry{60'000};

using TimePoint = std::chrono::system_clock::time_point;
using pki::OcspStatus;

// Fetches wait most of their time. So many at once are polite to a CA and still get through
// thousands of certificates in minutes; and while one hangs, the others' are asked.
constexpr std::size_t kThreads = 8;
constexpr std::size_t kMostOfOneResponder = 2;
// Certificates name one; this bounds what a strange one can make us do.
constexpr std::size_t kMostResponders = 4;

TimePoint wall_clock() { return std::chrono::system_clock::now(); }

}  // namespace

/// One certificate. What is not const is guarded by the stapler's mutex.
struct OcspStapler::Entry {
  Entry(asio::thread_pool& pool, const StapleWish& wish)
      : slot(wish.slot),
        certificate(wish.certificate),
        label(pki::subject_label(certificate->leaf.get())),
        responders(pki::ocsp_responders(certificate->leaf.get())),
        request(pki::ocsp_request(*certificate)),
        required(wish.required),
        timer(pool) {
    if (responders.size() > kMostResponders) responders.resize(kMostResponders);
    if (request.empty()) responders.clear();
  }

  const std::shared_ptr<pki::StapleSlot> slot;
  const std::shared_ptr<const pki::Certificate> certificate;
  const std::string label;
  std::vector<std::string> responders;  // const after construction
  const std::string request;
  bool required;
  /// It has had its first answer, be it from the disk, or none.
  bool tried = false;
  bool gone = false;
  unsigned failures = 0;
  std::string why;
  std::optional<TimePoint> since;
  std::optional<TimePoint> next_attempt;
  asio::steady_timer timer;

  StapleState state() const {
    if (slot->revoked()) return StapleState::revoked;
    if (failures > 0) return StapleState::failing;
    if (slot->good(wall_clock())) return StapleState::good;
    return responders.empty() ? StapleState::none : StapleState::pending;
  }
  void forget_failures() {
    failures = 0;
    why.clear();
    since.reset();
  }
  /// True when this is news.
  bool note_failure(const std::string& text) {
    const bool is_news = why != text;
    ++failures;
    why = text;
    if (!since) since = wall_clock();
    return is_news;
  }
  void shout_revoked(const std::string& reason, const std::string& source) const {
    log::error("certificate_revoked",
               "THE CA HAS REVOKED A CERTIFICATE THAT IS CONFIGURED: clients that check refuse it. "
               "replace it, with a new key if the reason is keyCompromise",
               {{"certificate", certificate->chain_file},
                {"name", label},
                {"fingerprint", certificate->fingerprint},
                {"why", reason},
                {"responder", source}});
  }
};

/// One certificate's responders are asked in turn.
struct OcspStapler::Question {
  std::weak_ptr<Entry> entry;
  std::size_t next_responder = 0;
  /// What those before had to say.
  std::string failures = {};
};

/// What the responders of one certificate said.
struct OcspStapler::Answer {
  pki::OcspVerdict verdict;
  std::string der;
  std::string responder;
};

std::string_view staple_state_label(StapleState state) {
  switch (state) {
    case StapleState::none:
      return "none";
    case StapleState::pending:
      return "pending";
    case StapleState::good:
      return "good";
    case StapleState::failing:
      return "failing";
    case StapleState::revoked:
      break;
  }
  return "revoked";
}

OcspStapler::OcspStapler(Settings settings, std::function<void()> on_change)
    : settings_(std::move(settings)),
      on_change_(std::move(on_change)),
      cache_(settings_.cache_folder),
      places_(kMostOfOneResponder),
      pool_(kThreads) {
  purge_cache_later();
}

OcspStapler::~OcspStapler() {
  stop_.pull();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [fingerprint, entry] : entries_) entry->gone = true;
  }
  pool_.stop();  // timers too
  pool_.join();
}

void OcspStapler::adopt(const std::vector<StapleWish>& wishes) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, EntryPtr> before;
  before.swap(entries_);
  for (const StapleWish& wish : wishes) {
    EntryPtr& entry = entries_[wish.certificate->fingerprint];
    if (entry) {
      entry->required = entry->required || wish.required;
      continue;
    }
    const auto known = before.find(wish.certificate->fingerprint);
    if (known != before.end() && known->second->slot == wish.slot) {
      entry = std::move(known->second);
      before.erase(known);
      entry->required = wish.required;
      use_staple_file(*entry, *wish.certificate);
    } else {
      entry = admit(wish);
    }
  }
  for (const auto& [fingerprint, entry] : before) {
    entry->gone = true;
    entry->timer.cancel();
  }
  if (!before.empty()) purge_cache_later();
  tried_.notify_all();
}

OcspStapler::EntryPtr OcspStapler::admit(const StapleWish& wish) {
  auto entry = std::make_shared<Entry>(pool_, wish);
  fill_from_disk(*entry);
  use_staple_file(*entry, *wish.certificate);
  if (entry->responders.empty()) {
    entry->tried = true;
    const std::string_view why = pki::has_https_responder(entry->certificate->leaf.get())
                                     ? "the certificate names an OCSP responder by https only, "
                                       "which is not asked"
                                     : "the certificate names no OCSP responder";
    log::debug("ocsp_none", why, {{"certificate", entry->certificate->chain_file}});
  } else if (entry->slot->good(wall_clock())) {
    entry->tried = true;
    schedule_refresh(entry);
  } else {
    schedule(entry, Duration(0));
  }
  return entry;
}

void OcspStapler::fill_from_disk(Entry& entry) {
  const auto der = cache_.load(entry.certificate->fingerprint);
  if (!der) return;
  const auto verdict = pki::judge_ocsp_response(*der, *entry.certificate, wall_clock());
  if (verdict.status == OcspStatus::good) entry.slot->set(verdict.staple);
  if (verdict.status != OcspStatus::revoked) return;
  entry.slot->set_revoked();
  entry.why = verdict.why;
  entry.since = wall_clock();
  entry.shout_revoked(verdict.why, "a kept response");
}

// A file that is older than the CA's word does not take it back.
void OcspStapler::use_staple_file(Entry& entry, const pki::Certificate& certificate) {
  const auto& staple = certificate.file_staple;
  const TimePoint now = wall_clock();
  if (!staple || now >= staple->next_update || entry.slot->revoked()) return;
  const auto present = entry.slot->good(now);
  if (!present || present->next_update < staple->next_update) entry.slot->set(staple);
}

void OcspStapler::schedule(const EntryPtr& entry, Duration delay) {
  entry->next_attempt = wall_clock() + delay;
  entry->timer.expires_after(delay);
  entry->timer.async_wait([this, weak = std::weak_ptr<Entry>(entry)](std::error_code cancelled) {
    if (!cancelled) attempt(Question{weak});
  });
}

void OcspStapler::schedule_refresh(const EntryPtr& entry) {
  const TimePoint now = wall_clock();
  const auto staple = entry->slot->good(now);
  const Duration delay =
      staple ? refresh_delay(staple->this_update, staple->next_update, now, jitter()) : Duration(0);
  schedule(entry, delay);
}

void OcspStapler::schedule_retry(const EntryPtr& entry) {
  const TimePoint now = wall_clock();
  std::optional<Duration> left;
  if (const auto staple = entry->slot->good(now)) {
    left = std::chrono::floor<Duration>(staple->next_update - now);
  }
  RetryTerms terms = settings_.retry;
  if (entry->required && !left) {
    // Every handshake is refused meanwhile.
    terms.first = std::min(terms.first, kFirstUrgentRetry);
    terms.most = std::min(terms.most, kMostUrgentRetry);
  }
  schedule(entry, retry_delay(entry->failures, left, terms, jitter()));
}

double OcspStapler::jitter() { return std::uniform_real_distribution<>(0, 1)(random_); }

void OcspStapler::attempt(Question question) {
  const EntryPtr entry = question.entry.lock();
  if (!entry) return;
  const std::string& responder = entry->responders[question.next_responder];
  const auto url = HttpUrl::parse(responder);
  const std::string authority = url ? url->authority : responder;
  const bool may_go = places_.enter(
      authority, [this, question, authority] { attempt_in_place(question, authority); });
  if (may_go) attempt_in_place(std::move(question), authority);
}

void OcspStapler::attempt_in_place(Question question, const std::string& authority) {
  const EntryPtr entry = question.entry.lock();
  Answer answer;
  if (entry) answer = ask(*entry, entry->responders[question.next_responder]);
  if (auto next = places_.leave(authority)) asio::post(pool_, std::move(next));
  if (!entry) return;
  if (answer.verdict.status == OcspStatus::unusable) {
    question.failures += fmt::format("{}{}: {}", question.failures.empty() ? "" : "; ",
                                     answer.responder, answer.verdict.why);
    if (++question.next_responder < entry->responders.size()) return attempt(std::move(question));
    answer.verdict.why = std::move(question.failures);
  }
  keep(*entry, answer);
  conclude(entry, answer);
}

OcspStapler::Answer OcspStapler::ask(const Entry& entry, const std::string& responder) const {
  Answer answer;
  answer.responder = responder;
  const auto fetched = fetch_ocsp(responder, entry.request, settings_.fetch, stop_);
  if (fetched) {
    answer.verdict = pki::judge_ocsp_response(*fetched, *entry.certificate, wall_clock());
    answer.der = *fetched;
  } else {
    answer.verdict.why = fetched.error().context;
  }
  return answer;
}

// A revoked one is kept as well: a restart does not bring an older, good one back.
void OcspStapler::keep(const Entry& entry, const Answer& answer) {
  if (answer.verdict.status == OcspStatus::unusable) return;
  const std::lock_guard one_at_a_time(keeping_);
  cache_.save(entry.certificate->fingerprint, answer.der);
}

void OcspStapler::conclude(const EntryPtr& entry, const Answer& answer) {
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    if (entry->gone) return;
    changed = settle(entry, answer);
    entry->tried = true;
  }
  tried_.notify_all();
  if (!changed || !on_change_) return;
  const std::lock_guard one_at_a_time(notifying_);
  on_change_();
}

void OcspStapler::purge_cache_later() {
  asio::post(pool_, [this] {
    const std::lock_guard one_at_a_time(keeping_);
    cache_.purge(wall_clock());
  });
}

// True when the slot now says something else than before.
bool OcspStapler::settle(const EntryPtr& entry, const Answer& answer) {
  const bool was_good = entry->slot->good(wall_clock()) != nullptr;
  const bool was_revoked = entry->slot->revoked();
  switch (answer.verdict.status) {
    case OcspStatus::good:
      settle_good(entry, answer);
      return !was_good || was_revoked;
    case OcspStatus::revoked:
      settle_revoked(entry, answer);
      return !was_revoked;
    case OcspStatus::unusable:
      break;
  }
  settle_failure(entry, answer);
  return false;
}

void OcspStapler::settle_good(const EntryPtr& entry, const Answer& answer) {
  const std::string until = pki::iso_time(answer.verdict.next_update);
  const std::string& file = entry->certificate->chain_file;
  if (!entry->why.empty()) {
    log::info("ocsp_recovered", "the certificate's OCSP staple is good again",
              {{"certificate", file}, {"name", entry->label}, {"until", until}});
  } else {
    log::debug("ocsp_good", "the certificate has a fresh OCSP staple",
               {{"certificate", file}, {"name", entry->label}, {"until", until}});
  }
  entry->forget_failures();
  entry->slot->set(answer.verdict.staple);
  schedule_refresh(entry);
}

void OcspStapler::settle_revoked(const EntryPtr& entry, const Answer& answer) {
  entry->shout_revoked(answer.verdict.why, answer.responder);
  if (!entry->slot->revoked()) entry->forget_failures();
  entry->note_failure(answer.verdict.why);
  entry->slot->set_revoked();
  schedule_retry(entry);
}

void OcspStapler::settle_failure(const EntryPtr& entry, const Answer& answer) {
  const bool is_news = entry->note_failure(answer.verdict.why);
  const auto staple = entry->slot->good(wall_clock());
  const std::string until = staple ? pki::iso_time(staple->next_update) : "none";
  if (is_news) {
    log::warn("ocsp_failed",
              "no good OCSP staple could be fetched for a certificate; it is tried again by itself",
              {{"certificate", entry->certificate->chain_file},
               {"name", entry->label},
               {"why", answer.verdict.why},
               {"staple_until", until}});
  }
  schedule_retry(entry);
}

bool OcspStapler::await_first_attempts(Duration most) {
  std::unique_lock lock(mutex_);
  return tried_.wait_for(lock, most, [&] {
    return std::all_of(entries_.begin(), entries_.end(), [](const auto& each) {
      return each.second->tried || !each.second->required;
    });
  });
}

StapleStatus OcspStapler::status_of(const std::string& fingerprint, const Entry& entry) {
  StapleStatus one;
  one.fingerprint = fingerprint;
  one.chain_file = entry.certificate->chain_file;
  one.state = entry.state();
  if (const auto staple = entry.slot->good(wall_clock())) {
    one.this_update = staple->this_update;
    one.good_until = staple->next_update;
  }
  one.why = entry.why;
  one.since = entry.since;
  one.next_attempt = entry.next_attempt;
  return one;
}

std::vector<StapleStatus> OcspStapler::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<StapleStatus> all;
  for (const auto& [fingerprint, entry] : entries_) all.push_back(status_of(fingerprint, *entry));
  return all;
}

std::vector<StapleStatus> OcspStapler::troubled() const {
  const std::lock_guard lock(mutex_);
  std::vector<StapleStatus> troubled;
  for (const auto& [fingerprint, entry] : entries_) {
    const StapleState state = entry->state();
    if (state != StapleState::failing && state != StapleState::revoked) continue;
    troubled.push_back(status_of(fingerprint, *entry));
  }
  return troubled;
}

std::optional<StapleStatus> OcspStapler::status(const std::string& fingerprint) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(fingerprint);
  if (found == entries_.end()) return std::nullopt;
  return status_of(fingerprint, *found->second);
}

}  // namespace wssgate::control
