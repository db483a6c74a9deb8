// How people and programs change files, one habit a test. Nobody asks for a reload.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/eventually.h"
#include "support/live_gateway.h"

namespace wssgate::test {
namespace {

namespace fs = std::filesystem;

class FileHabits : public testing::Test {
 protected:
  std::string hosts() const { return hosts_for({"a.example"}, backend_.endpoint()); }
  std::string folder() const { return gateway_.path("certs/a.example"); }

  Backend backend_{serving_and_echoing()};
  LiveGateway gateway_{{"a.example"}, hosts()};
};

TEST_F(FileHabits, RenamedIntoPlace) {
  gateway_.await_presented("a.example", gateway_.renew("a.example"));
}

TEST_F(FileHabits, WrittenInPlace) {
  const TestCertificate leaf = gateway_.mint({"a.example"});
  gateway_.folder().write("certs/a.example/privkey.pem", leaf.key_pem());
  gateway_.folder().write("certs/a.example/fullchain.pem", gateway_.ca().chain(leaf));
  gateway_.await_presented("a.example", fingerprint_of(leaf));
}

TEST_F(FileHabits, KeyFirstAndChainLaterAsByRsync) {
  const TestCertificate leaf = gateway_.mint({"a.example"});
  const auto send = [&](const std::string& file, const std::string& content) {
    const std::string beside = "certs/a.example/." + file + ".Xa81Bc";
    gateway_.folder().write(beside, content);
    fs::rename(gateway_.path(beside), folder() + "/" + file);
  };
  send("privkey.pem", leaf.key_pem());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  send("fullchain.pem", gateway_.ca().chain(leaf));
  gateway_.await_presented("a.example", fingerprint_of(leaf));
}

TEST_F(FileHabits, HalfWrittenThenCompleted) {
  const std::string old = gateway_.presented("a.example");
  const TestCertificate leaf = gateway_.mint({"a.example"});
  const std::string chain = gateway_.ca().chain(leaf);
  gateway_.folder().write("certs/a.example/privkey.pem", leaf.key_pem());
  std::ofstream file(folder() + "/fullchain.pem");
  file << chain.substr(0, 300) << std::flush;
  gateway_.await_events("certificate_held_back");
  EXPECT_EQ(gateway_.presented("a.example"), old);
  file << chain.substr(300);
  file.close();
  gateway_.await_presented("a.example", fingerprint_of(leaf));
  gateway_.await_events("reload_mended");
}

TEST_F(FileHabits, FolderDeletedAndMadeAgain) {
  const std::string old = gateway_.presented("a.example");
  fs::remove_all(folder());
  gateway_.await_events("certificate_held_back");
  EXPECT_EQ(gateway_.presented("a.example"), old);
  gateway_.await_presented("a.example", gateway_.renew("a.example"));
}

TEST_F(FileHabits, WholeFolderOfFoldersDeletedAndMadeAgain) {
  const std::string old = gateway_.presented("a.example");
  fs::remove_all(gateway_.path("certs"));
  gateway_.await_events("certificate_held_back");
  EXPECT_EQ(gateway_.presented("a.example"), old);
  gateway_.await_presented("a.example", gateway_.renew("a.example"));
  // It is watched as before.
  gateway_.await_presented("a.example", gateway_.renew("a.example"));
}

TEST_F(FileHabits, FolderRenamedIntoPlace) {
  const TestCertificate leaf = gateway_.mint({"a.example"});
  gateway_.folder().write("next/privkey.pem", leaf.key_pem());
  gateway_.folder().write("next/fullchain.pem", gateway_.ca().chain(leaf));
  fs::rename(folder(), gateway_.path("last"));
  fs::rename(gateway_.path("next"), folder());
  gateway_.await_presented("a.example", fingerprint_of(leaf));
}

TEST_F(FileHabits, FolderOfFoldersRenamedIntoPlace) {
  const TestCertificate leaf = gateway_.mint({"a.example"});
  gateway_.folder().write("next/a.example/privkey.pem", leaf.key_pem());
  gateway_.folder().write("next/a.example/fullchain.pem", gateway_.ca().chain(leaf));
  fs::rename(gateway_.path("certs"), gateway_.path("last"));
  fs::rename(gateway_.path("next"), gateway_.path("certs"));
  gateway_.await_presented("a.example", fingerprint_of(leaf));
  gateway_.await_presented("a.example", gateway_.renew("a.example"));
}

TEST_F(FileHabits, NewCertificateBesideTheOthers) {
  gateway_.configure(hosts_for({"a.example", "b.example"}, backend_.endpoint()));
  gateway_.await_events("reload_refused");
  const std::string added = gateway_.renew("b.example");
  gateway_.await_events("reload_mended");
  EXPECT_EQ(gateway_.presented("b.example"), added);
}

TEST_F(FileHabits, FileThatIsReadableAfterAllOnly) {
  fs::permissions(folder() + "/privkey.pem", fs::perms(0666));
  gateway_.await_events("certificate_held_back");
  fs::permissions(folder() + "/privkey.pem", fs::perms(0600));
  gateway_.await_events("reload_mended");
}

TEST_F(FileHabits, ConfigurationReplacedByAnEditor) {
  gateway_.renew("b.example");
  gateway_.write("wssgate.yaml.swp", "an editor's own");
  gateway_.configure(hosts_for({"a.example", "b.example"}, backend_.endpoint()));
  EXPECT_TRUE(eventually([&] {
    try {
      gateway_.presented("b.example");
      return true;
    } catch (const TlsRefused&) {
      return false;
    }
  }));
}

TEST_F(FileHabits, ConfigurationRewrittenInPlace) {
  gateway_.folder().write("wssgate.yaml", gateway_.configuration("not: known\n"));
  gateway_.await_events("reload_refused");
  gateway_.folder().write("wssgate.yaml", gateway_.configuration(hosts()));
  gateway_.await_events("reload_mended");
}

TEST_F(FileHabits, ConfigurationThatNamesAFolderThatComesLater) {
  std::string text =
      gateway_.configuration(hosts_for({"a.example", "b.example"}, backend_.endpoint()));
  text.replace(text.find("[certs]"), 7, "[certs, more/of/them]");
  gateway_.write("wssgate.yaml", text);
  gateway_.await_events("reload_refused");
  const TestCertificate leaf = gateway_.mint({"b.example"});
  gateway_.folder().write("more/of/them/b/privkey.pem", leaf.key_pem());
  gateway_.folder().write("more/of/them/b/fullchain.pem", gateway_.ca().chain(leaf));
  gateway_.await_events("reload_mended");
  EXPECT_EQ(gateway_.presented("b.example"), fingerprint_of(leaf));
}

TEST_F(FileHabits, FileOfRootsReplaced) {
  const auto root = TestCertificate::root("Other Root");
  const TestCertificate leaf = root.leaf({"a.example"});
  gateway_.write("certs/a.example/privkey.pem", leaf.key_pem());
  gateway_.write("certs/a.example/fullchain.pem", leaf.pem());
  gateway_.await_events("certificate_held_back");
  gateway_.write("root.pem", gateway_.ca().root.pem() + root.pem());
  gateway_.await_presented("a.example", fingerprint_of(leaf));
}

TEST_F(FileHabits, OtherFilesBesideTheConfigurationChangeNothing) {
  gateway_.reload();
  gateway_.folder().write("notes.txt", "not ours");
  // Longer than a change is waited for: nobody has taken this for one of ours.
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(gateway_.status().at("last_reload").at("cause"), "wssgate reload");
}

/// certbot: live/<name>/ has links to archive/<name>/…<number>.pem, and a renewal replaces them.
TEST(LinkHabits, OfCertbot) {
  Backend backend(serving_and_echoing());
  const auto archive = [](const LiveGateway& gateway, int number, const TestCertificate& leaf) {
    const std::string end = std::to_string(number) + ".pem";
    gateway.folder().write("archive/a.example/privkey" + end, leaf.key_pem());
    gateway.folder().write("archive/a.example/fullchain" + end, gateway.ca().chain(leaf));
  };
  const auto link = [](const LiveGateway& gateway, int number) {
    fs::create_directories(gateway.path("live/a.example"));
    for (const std::string file : {"privkey", "fullchain"}) {
      const fs::path live = gateway.path("live/a.example/" + file + ".pem");
      fs::remove(live);
      fs::create_symlink("../../archive/a.example/" + file + std::to_string(number) + ".pem", live);
    }
  };
  LiveGateway gateway([&](LiveGateway& made) {
    archive(made, 1, made.mint({"a.example"}));
    link(made, 1);
    std::string text = made.configuration(hosts_for({"a.example"}, backend.endpoint()));
    return text.replace(text.find("[certs]"), 7, "[live]");
  });
  for (int number = 2; number < 4; ++number) {
    const TestCertificate leaf = gateway.mint({"a.example"});
    archive(gateway, number, leaf);
    link(gateway, number);
    gateway.await_presented("a.example", fingerprint_of(leaf));
  }
}

/// Kubernetes: the files are links into ..data, itself a link that a rename replaces.
class KubernetesSecret : public testing::Test {
 protected:
  static void publish(const LiveGateway& gateway, const std::string& version,
                      const TestCertificate& leaf) {
    const std::string in = "certs/secret/.." + version;
    gateway.folder().write(in + "/privkey.pem", leaf.key_pem());
    gateway.folder().write(in + "/fullchain.pem", gateway.ca().chain(leaf));
    const fs::path mount = gateway.path("certs/secret");
    std::error_code ignored;
    const fs::path old = fs::read_symlink(mount / "..data", ignored);
    fs::create_symlink(".." + version, mount / "..data_tmp");
    fs::rename(mount / "..data_tmp", mount / "..data");
    if (!old.empty()) fs::remove_all(mount / old);
  }

  static void link_files(const LiveGateway& gateway) {
    for (const std::string file : {"privkey.pem", "fullchain.pem"}) {
      fs::create_symlink("..data/" + file, gateway.path("certs/secret/" + file));
    }
  }

  Backend backend_{serving_and_echoing()};
};

TEST_F(KubernetesSecret, InAFolderOfCertificates) {
  LiveGateway gateway([&](LiveGateway& made) {
    publish(made, "2026_01", made.mint({"a.example"}));
    link_files(made);
    return made.configuration(hosts_for({"a.example"}, backend_.endpoint()));
  });
  for (const std::string version : {"2026_02", "2026_03"}) {
    const TestCertificate leaf = gateway.mint({"a.example"});
    publish(gateway, version, leaf);
    gateway.await_presented("a.example", fingerprint_of(leaf));
  }
}

TEST_F(KubernetesSecret, NamedByAHost) {
  LiveGateway gateway([&](LiveGateway& made) {
    publish(made, "2026_01", made.mint({"a.example"}));
    link_files(made);
    std::string text = made.configuration(
        "hosts:\n  - names: [a.example]\n    routes: [{path: /, upstream: backend}]\n"
        "    certificate: {chain: certs/secret/fullchain.pem, key: certs/secret/privkey.pem}\n"
        "upstreams: {backend: {endpoints: [\"" +
        backend_.endpoint() + "\"]}}\n");
    return text.replace(text.find("folders: [certs], "), 18, "");
  });
  for (const std::string version : {"2026_02", "2026_03"}) {
    const TestCertificate leaf = gateway.mint({"a.example"});
    publish(gateway, version, leaf);
    gateway.await_presented("a.example", fingerprint_of(leaf));
  }
}

/// A deployment: the whole tree is a link, or is renamed, two folders above the certificates.
class DeployedTree : public testing::Test {
 protected:
  static void deploy(const LiveGateway& gateway, const std::string& tree,
                     const TestCertificate& leaf) {
    gateway.folder().write(tree + "/tls/certs/a/privkey.pem", leaf.key_pem());
    gateway.folder().write(tree + "/tls/certs/a/fullchain.pem", gateway.ca().chain(leaf));
  }

  std::string configuration(const LiveGateway& gateway) const {
    std::string text = gateway.configuration(hosts_for({"a.example"}, backend_.endpoint()));
    return text.replace(text.find("[certs]"), 7, "[current/tls/certs]");
  }

  Backend backend_{serving_and_echoing()};
};

TEST_F(DeployedTree, SwitchedByALink) {
  LiveGateway gateway([&](LiveGateway& made) {
    deploy(made, "release-1", made.mint({"a.example"}));
    fs::create_directory_symlink("release-1", made.path("current"));
    return configuration(made);
  });
  const TestCertificate leaf = gateway.mint({"a.example"});
  deploy(gateway, "release-2", leaf);
  fs::create_directory_symlink("release-2", gateway.path("current.new"));
  fs::rename(gateway.path("current.new"), gateway.path("current"));
  gateway.await_presented("a.example", fingerprint_of(leaf));
}

TEST_F(DeployedTree, RenamedIntoPlace) {
  LiveGateway gateway([&](LiveGateway& made) {
    deploy(made, "current", made.mint({"a.example"}));
    return configuration(made);
  });
  for (const std::string number : {"1", "2"}) {
    const TestCertificate leaf = gateway.mint({"a.example"});
    deploy(gateway, "next", leaf);
    fs::rename(gateway.path("current"), gateway.path("last" + number));
    fs::rename(gateway.path("next"), gateway.path("current"));
    gateway.await_presented("a.example", fingerprint_of(leaf));
  }
}

}  // namespace
}  // namespace wssgate::test
