#pragma once

#include <chrono>
#include <vector>

#include "pki/certificate.h"

namespace wssgate::pki {

/// One certificate of a chain file, and the line where it begins.
struct ChainMember {
  X509Ptr certificate;
  int line = 0;
};

/// A chain file taken apart.
struct ChainFile {
  std::string path;
  std::vector<ChainMember> members;
};

/// What the chain of one server certificate comes to.
struct Chain {
  /// Index into ChainFile::members.
  std::size_t leaf = 0;
  /// In the order they are sent.
  std::vector<X509Ptr> intermediates;
  /// The trusted one that it leads to; null where it leads to none.
  X509Ptr root;
  /// Before this, none of all these ends so soon that there is a warning.
  std::chrono::system_clock::time_point first_warning;
};

/// Removes what is there twice, with a warning for each.
void drop_duplicates(ChainFile& file, Report& report);

/// Finds the way from the server's certificate (the one that `key` belongs to; the first that is no
/// CA where there is no key) up to a root, with nothing but what the file and `trust` hold, and
/// judges it at `now`: order, completeness, superfluous members, dates, keys, signatures, usage.
/// An intermediate that only `trust` has completes the chain, with a warning. `file` has at least
/// one member.
Chain prove_chain(const ChainFile& file, const EVP_PKEY* key, const Trust& trust,
                  std::chrono::system_clock::time_point now, Report& report);

}  // namespace wssgate::pki
