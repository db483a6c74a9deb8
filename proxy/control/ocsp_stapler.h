#pragma once

#include <asio/thread_pool.hpp>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/units.h"
#include "control/ocsp_fetch.h"
#include "control/responder_places.h"
#include "control/staple_cache.h"
#include "control/staple_schedule.h"
#include "pki/certificate.h"
#include "pki/ocsp.h"
#include "pki/staple.h"

namespace wssgate::control {

/// A certificate that is to have a staple in its slot.
struct StapleWish {
  std::shared_ptr<const pki::Certificate> certificate;
  std::shared_ptr<pki::StapleSlot> slot;
  /// Its handshakes are refused without one: `await_first_attempts` waits for it.
  bool required = false;
};

enum class StapleState : std::uint8_t {
  none,     ///< its certificate names no responder: nobody is asked
  pending,  ///< not asked yet
  good,
  failing,  ///< the last question had no good answer; an older staple may still be good
  revoked,
};
/// "none", "pending", …: stable.
std::string_view staple_state_label(StapleState state);

/// How it stands with one certificate.
struct StapleStatus {
  std::string fingerprint;
  std::string chain_file;
  StapleState state = StapleState::none;
  /// Of the staple that handshakes get now, if any: from when its CA vouched for it, until when.
  std::optional<std::chrono::system_clock::time_point> this_update;
  std::optional<std::chrono::system_clock::time_point> good_until;
  /// Why it is failing or revoked, and since when.
  std::string why;
  std::optional<std::chrono::system_clock::time_point> since;
  std::optional<std::chrono::system_clock::time_point> next_attempt;
};

/// Keeps the slots of certificates filled: asks their responders in the background, on threads of
/// its own, verifies the answers, keeps them on disk, and asks again at half of their life, or with
/// growing intervals where that fails. A revoked certificate is shouted in the log at every answer
/// that says so, and still asked about: the CA may only have put it on hold. Any thread.
class OcspStapler {
 public:
  struct Settings {
    /// Empty: responses are not kept.
    std::string cache_folder;
    FetchTerms fetch = {};
    /// Tests shorten it.
    RetryTerms retry = {};
  };

  /// `on_change` is called from a thread of the stapler's, one call at a time, when a slot had no
  /// good staple and now has one, when its certificate was revoked, and when that was taken back.
  /// It may call everything here. Not while `adopt` fills slots from files and the cache.
  OcspStapler(Settings settings, std::function<void()> on_change);
  /// Waits for a running `on_change`; fetches are cut short.
  ~OcspStapler();
  OcspStapler(const OcspStapler&) = delete;
  OcspStapler& operator=(const OcspStapler&) = delete;

  /// All certificates from now on; one may stand there several times. New ones get what their
  /// staple file and the cache have before this returns, and are asked about at once where that is
  /// nothing; those that stay go on as they were; for those gone all ends. Their cached responses
  /// stay until they have expired: another process may share the folder, and a certificate come
  /// back.
  void adopt(const std::vector<StapleWish>& wishes);

  /// Until every certificate that requires a staple has one, or was asked about once; true if that
  /// comes to pass within `most`.
  bool await_first_attempts(Duration most);

  /// Ordered by fingerprint.
  std::vector<StapleStatus> status() const;
  /// Those that are failing or revoked.
  std::vector<StapleStatus> troubled() const;
  /// Of one certificate; nothing where it is to have none.
  std::optional<StapleStatus> status(const std::string& fingerprint) const;

 private:
  struct Entry;
  using EntryPtr = std::shared_ptr<Entry>;
  struct Question;
  struct Answer;

  // All that follow with mutex_ held.
  static StapleStatus status_of(const std::string& fingerprint, const Entry& entry);
  EntryPtr admit(const StapleWish& wish);
  void fill_from_disk(Entry& entry);
  void use_staple_file(Entry& entry, const pki::Certificate& certificate);
  void schedule(const EntryPtr& entry, Duration delay);
  void schedule_refresh(const EntryPtr& entry);
  bool settle(const EntryPtr& entry, const Answer& answer);
  void settle_good(const EntryPtr& entry, const Answer& answer);
  void settle_revoked(const EntryPtr& entry, const Answer& answer);
  void settle_failure(const EntryPtr& entry, const Answer& answer);
  void schedule_retry(const EntryPtr& entry);
  double jitter();

  // Without it; they block.
  void attempt(Question question);
  void attempt_in_place(Question question, const std::string& authority);
  Answer ask(const Entry& entry, const std::string& responder) const;
  void conclude(const EntryPtr& entry, const Answer& answer);
  void keep(const Entry& entry, const Answer& answer);
  void purge_cache_later();

  Settings settings_;
  std::function<void()> on_change_;
  std::mutex notifying_;
  StapleCache cache_;
  std::mutex
      keeping_;  // one writer: a certificate that came back may have two entries for a moment
  ResponderPlaces places_;
  StopSignal stop_;
  asio::thread_pool pool_;
  mutable std::mutex mutex_;
  std::condition_variable tried_;
  std::minstd_rand random_{std::random_device{}()};
  /// By fingerprint. Their timers are the pool's, so they go before it.
  std::map<std::string, EntryPtr> entries_;
};

}  // namespace wssgate::control
