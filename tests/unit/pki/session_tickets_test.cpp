#include "pki/session_tickets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "unit/pki/memory_handshake.h"
#include "unit/pki/twins.h"

// Where a ticket resumes, and where it is worth nothing.
namespace wssgate::pki {
namespace {

using test::ClientWish;
using test::MemoryHandshake;
using test::SessionPtr;
using test::TestKey;
using test::Twins;

class SessionTickets : public testing::TestWithParam<int> {
 protected:
  ClientWish wish(SSL_SESSION* session = nullptr) const {
    ClientWish wish;
    wish.version = GetParam();
    wish.session = session;
    return wish;
  }

  SessionPtr session_of(const SslContextPtr& context) const {
    const MemoryHandshake handshake(context.get(), wish());
    EXPECT_TRUE(handshake.done());
    EXPECT_FALSE(handshake.resumed());
    EXPECT_EQ(handshake.server_name(), "a.test");
    SessionPtr session = handshake.session();
    EXPECT_TRUE(SSL_SESSION_is_resumable(session.get()));
    return session;
  }

  /// Whether it resumes; a handshake that does not is a full one, and brings a ticket of its own.
  bool resumes(const SslContextPtr& context, const SessionPtr& session) const {
    const MemoryHandshake handshake(context.get(), wish(session.get()));
    EXPECT_TRUE(handshake.done());
    return handshake.resumed();
  }

  static std::string name_in_ticket(const SessionPtr& session) {
    const unsigned char* ticket = nullptr;
    std::size_t length = 0;
    SSL_SESSION_get0_ticket(session.get(), &ticket, &length);
    return {reinterpret_cast<const char*>(ticket), std::min<std::size_t>(length, 16)};
  }

  std::string current_name() const {
    const auto& name = twins_.ticket_keys->ring().front().name;
    return {name.begin(), name.end()};
  }

  Twins twins_;
  SslContextPtr context_ = twins_.context();
};

INSTANTIATE_TEST_SUITE_P(All, SessionTickets, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         test::version_name);

TEST_P(SessionTickets, ResumeInTheirOwnContext) {
  const SessionPtr session = session_of(context_);
  const MemoryHandshake again(context_.get(), wish(session.get()));
  ASSERT_TRUE(again.done());
  EXPECT_TRUE(again.resumed());
  EXPECT_EQ(again.server_name(), "a.test");
  const auto renewed = again.session();  // and so on, for as long as the client comes back
  EXPECT_TRUE(resumes(context_, renewed));
}

TEST_P(SessionTickets, AreGoodForTwelveHours) {
  const SessionPtr session = session_of(context_);
  EXPECT_EQ(SSL_CTX_get_timeout(context_.get()), 12 * 60 * 60);
  EXPECT_EQ(SSL_SESSION_get_ticket_lifetime_hint(session.get()), 12 * 60 * 60UL);
}

TEST_P(SessionTickets, AreRenewedEachTimeInTls13) {
  const SessionPtr session = session_of(context_);
  const MemoryHandshake again(context_.get(), wish(session.get()));
  ASSERT_TRUE(again.resumed());
  const unsigned char* first = nullptr;
  const unsigned char* second = nullptr;
  std::size_t first_length = 0;
  std::size_t second_length = 0;
  SSL_SESSION_get0_ticket(session.get(), &first, &first_length);
  const SessionPtr renewed = again.session();
  SSL_SESSION_get0_ticket(renewed.get(), &second, &second_length);
  const bool same = std::equal(first, first + first_length, second, second + second_length);
  EXPECT_EQ(same, GetParam() == TLS1_2_VERSION);
}

// Another node, or the same one after a reload: nothing is shared but the secrets and the files.
TEST_P(SessionTickets, ResumeInAnotherContextOfEqualTerms) {
  const SslContextPtr reloaded = twins_.context();
  EXPECT_TRUE(resumes(reloaded, session_of(context_)));

  const auto copy_of = [](const TicketRing& ring) {
    auto keys = std::make_shared<TicketKeys>(TicketKeys::Clock::now());
    keys->adopt(ring);
    return keys;
  };
  ServerTerms elsewhere = twins_.terms();
  elsewhere.ticket_keys = copy_of(twins_.ticket_keys->ring());
  EXPECT_TRUE(resumes(Twins::context(elsewhere), session_of(context_)));
}

TEST_P(SessionTickets, AreWorthNothingWhereTheTermsDiffer) {
  const auto ecdsa = test::certificate_of(twins_.ecdsa, KeyType::ecdsa, &twins_.ecdsa_ca);
  const auto renewed = twins_.ecdsa_ca.leaf({"a.test", "b.test"});
  const auto rekeyed = test::certificate_of(renewed, KeyType::ecdsa, &twins_.ecdsa_ca);
  struct Row {
    const char* what;
    std::function<void(ServerTerms&)> change;
  };
  const std::vector<Row> rows = {
      {"another host", [](ServerTerms& t) { t.identity = "two"; }},
      {"a renewed certificate", [&](ServerTerms& t) { t.certificates[0].certificate = rekeyed; }},
      {"one certificate less", [](ServerTerms& t) { t.certificates.pop_back(); }},
      {"other secrets",
       [](ServerTerms& t) {
         t.ticket_keys = std::make_shared<TicketKeys>(TicketKeys::Clock::now());
       }},
      {"no tickets", [](ServerTerms& t) { t.ticket_keys = nullptr; }},
  };
  const SessionPtr session = session_of(context_);
  for (const Row& row : rows) {
    ServerTerms terms = twins_.terms();
    row.change(terms);
    const SslContextPtr other = Twins::context(terms);
    EXPECT_FALSE(resumes(other, session)) << row.what;
    if (!terms.ticket_keys) continue;
    EXPECT_FALSE(resumes(context_, session_of(other))) << row.what << ", the other way";
  }
  EXPECT_TRUE(resumes(context_, session));
}

// The same, if the keys were not what keeps them apart: the session id context does too.
TEST_P(SessionTickets, OfOtherTermsAreRefusedThoughTheyDecrypt) {
  ServerTerms terms = twins_.terms();
  terms.identity = "two";
  const SslContextPtr other = Twins::context(terms);
  for (SSL_CTX* context : {context_.get(), other.get()}) {
    ASSERT_TRUE(seal_tickets(context, twins_.ticket_keys, TermsDigest{}));
  }
  EXPECT_FALSE(resumes(other, session_of(context_)));
  EXPECT_TRUE(resumes(context_, session_of(context_)));
}

TEST_P(SessionTickets, ForOneNameAreAFullHandshakeForAnother) {
  const SessionPtr session = session_of(context_);
  ClientWish other = wish(session.get());
  other.server_name = "b.test";
  const MemoryHandshake handshake(context_.get(), other);
  ASSERT_TRUE(handshake.done());
  EXPECT_FALSE(handshake.resumed());
  EXPECT_EQ(handshake.server_name(), "b.test");
  EXPECT_TRUE(SSL_SESSION_is_resumable(handshake.session().get()));
}

TEST_P(SessionTickets, OutliveOneRotationAndAreRenewed) {
  const SessionPtr session = session_of(context_);
  const std::string first = current_name();
  EXPECT_EQ(name_in_ticket(session), first);

  twins_.ticket_keys->rotate(TicketKeys::Clock::now());
  EXPECT_NE(current_name(), first);
  const MemoryHandshake again(context_.get(), wish(session.get()));
  ASSERT_TRUE(again.done());
  EXPECT_TRUE(again.resumed());
  EXPECT_EQ(name_in_ticket(again.session()), current_name());
  EXPECT_TRUE(resumes(context_, session)) << "it was renewed, but is still good";
}

TEST_P(SessionTickets, DoNotOutliveTwoRotations) {
  const SessionPtr session = session_of(context_);
  twins_.ticket_keys->rotate(TicketKeys::Clock::now());
  twins_.ticket_keys->rotate(TicketKeys::Clock::now());
  EXPECT_FALSE(resumes(context_, session));
}

// As the advice for changing a shared file has it: append on all nodes, then move to the front.
TEST_P(SessionTickets, FollowTheOrderOfASharedFile) {
  const TicketSecret old = twins_.ticket_keys->ring().front();
  const TicketSecret fresh = TicketKeys(TicketKeys::Clock::now()).ring().front();
  ServerTerms elsewhere = twins_.terms();
  const auto others = std::make_shared<TicketKeys>(TicketKeys::Clock::now());
  elsewhere.ticket_keys = others;
  const SslContextPtr other = Twins::context(elsewhere);

  others->adopt({old, fresh});
  twins_.ticket_keys->adopt({fresh, old});
  const SessionPtr of_fresh = session_of(context_);
  const SessionPtr of_old = session_of(other);
  EXPECT_TRUE(resumes(other, of_fresh));
  EXPECT_TRUE(resumes(context_, of_old));
  twins_.ticket_keys->adopt({fresh});
  EXPECT_FALSE(resumes(context_, of_old));
}

TEST_P(SessionTickets, ThatWereTamperedWithAreAFullHandshake) {
  const SessionPtr session = session_of(context_);
  const unsigned char* ticket = nullptr;
  std::size_t length = 0;
  SSL_SESSION_get0_ticket(session.get(), &ticket, &length);
  for (const std::size_t at : {std::size_t{0}, std::size_t{20}, std::size_t{40}, length - 1}) {
    const SessionPtr forged(SSL_SESSION_dup(session.get()));
    const unsigned char* bytes = nullptr;
    SSL_SESSION_get0_ticket(forged.get(), &bytes, &length);
    const_cast<unsigned char*>(bytes)[at] ^= 1U;
    EXPECT_FALSE(resumes(context_, forged)) << at;
  }
}

TEST_P(SessionTickets, AreNotGivenWithoutKeys) {
  ServerTerms terms = twins_.terms();
  terms.ticket_keys = nullptr;
  const SslContextPtr context = Twins::context(terms);
  const MemoryHandshake handshake(context.get(), wish());
  ASSERT_TRUE(handshake.done());
  EXPECT_EQ(SSL_SESSION_has_ticket(handshake.session().get()), 0);
  EXPECT_FALSE(resumes(context, handshake.session()));
}

// For ThreadSanitizer: handshakes in some threads while the keys change in another.
TEST_P(SessionTickets, AreSealedWhileKeysChange) {
  std::vector<std::thread> threads;
  std::atomic<int> done{0};
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        if (MemoryHandshake(context_.get(), wish()).done()) ++done;
      }
    });
  }
  for (int n = 0; n < 200; ++n) twins_.ticket_keys->rotate(TicketKeys::Clock::now());
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 60);
}

}  // namespace
}  // namespace wssgate::pki
