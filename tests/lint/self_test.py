"""The lints, tried on snippets that they must pass and snippets that they must refuse."""

import re
import unittest

import co_await_shapes
import include_direction
import tracked_files

GOOD_AWAITS = [
    "auto x = co_await f(a, b);",
    "const P p{1, 2}; co_await f(p);",
    "co_return co_await f();",
    "co_await f(); co_await g();",
    "if (co_await f()) co_await g(); else co_await h();",
    "if (co_await f()) { P p{1}; } else { P q{2}; }",
    "while (x ? a : b) co_await f();",
    "for (;;) { const auto n = co_await read(socket); if (!n) co_return P{1, 2}; }",
    "do { co_await f(); } while (x ? a : b);",
    "try { co_await f(); } catch (const E& e) { auto p = P{e}; }",
    "co_await f([] { return 1; });",
    "run([this] { return P{1}; }); co_await f();",
    "spawn([&]() -> awaitable<void> { co_await f(); co_await g(); }, P{1});",
    "auto [a, b] = co_await f();",
    "const auto& [a, b] = co_await f();",
    "auto&& [a, b] = co_await f();",
    "co_await f(table[1], buffers[i]);",
    "awaitable<void> f(P p = {}) const noexcept { co_await g(); }",
    "auto f() -> awaitable<Result<int>> { co_await g(); co_await h(); }",
    "struct S { int a{1}; awaitable<void> f() { co_await g(); } int b = x ? 1 : 2; };",
    "class S final : public B<int> { int a{1}; awaitable<void> f() { co_await g(); } };",
    "S::S() : a_{1}, b_(2) { run(); } awaitable<void> f() { co_await g(); }",
    "S::S() : a_{1} {} awaitable<void> f() { co_await g(); }",
    "namespace a::b { namespace { P p{1}; awaitable<void> f() { co_await g(); } } }",
    "switch (x) { case 1: co_await f(); break; default: { P p{1}; } }",
    'co_await f("P{1} ? a : b");  // P{1} ? a : b, co_await g()',
    'co_await f(R"(a " ? co_await)", \'{\', \'"\', 1\'000\'000); /* ? { */',
    "#define AWAIT(x) co_await x(P{1})\nco_await f();",
    "[[nodiscard]] awaitable<void> f() { co_await g(); }",
    "EXPECT_TRUE(co_await f());",
]

BAD_AWAITS = [
    ("co_await f(P{1, 2});", "a braced initialiser"),
    ("co_await f({1, 2});", "a braced initialiser"),
    ("P x{co_await g(), 3};", "a braced initialiser"),
    ("co_return P{co_await g()};", "a braced initialiser"),
    ("auto x = co_await f(std::vector<int>{1});", "a braced initialiser"),
    ("x = P{1}.f(co_await g());", "a braced initialiser"),
    ("{ const auto n = co_await f(P{}); }", "a braced initialiser"),
    ("co_await f([this] { return 1; });", "a capturing lambda"),
    ("co_await f([&x](int y) mutable -> int { return x + y; });", "a capturing lambda"),
    ("auto x = co_await async([=] { co_await g(); });", "a capturing lambda"),
    ("auto x = a ? co_await f() : co_await g();", "a second co_await and ?:"),
    ("co_await f(a ? b : c);", "?:"),
    ("if ((co_await f(a ? b : c)).ok()) {}", "?:"),
    ("auto x = co_await f() + co_await g();", "a second co_await"),
    ("co_await f(co_await g());", "a second co_await"),
    ("for (auto i = co_await f(); i; i = co_await g()) {}", "a second co_await"),
    ("if (co_await f()) co_await g(P{1});", "a braced initialiser"),
    ("spawn([]() -> awaitable<void> { co_await f(P{1}); });", "a braced initialiser"),
    ("S::S() : a_{1} {} awaitable<void> f() { co_await g(P{1}); }", "a braced initialiser"),
    ("auto f() -> awaitable<int> { co_return P{co_await g()}; }", "a braced initialiser"),
    ("if (x) return; else co_await f(P{1});", "a braced initialiser"),
    ("co_await f(1'000, P{1});  // '", "a braced initialiser"),
]


class CoAwaitShapes(unittest.TestCase):
    def test_passes_what_is_safe(self):
        for snippet in GOOD_AWAITS:
            with self.subTest(snippet):
                self.assertEqual(co_await_shapes.problems_in("a.cpp", snippet), [])

    def test_finds_what_is_miscompiled(self):
        for snippet, fault in BAD_AWAITS:
            for text in (snippet, f"awaitable<void> f() {{ g(); {snippet} }}"):
                with self.subTest(text):
                    problems = co_await_shapes.problems_in("a.cpp", text)
                    self.assertEqual(len(problems), 1, problems)
                    self.assertIn(f"co_await beside {fault}: ", problems[0])

    def test_names_the_line(self):
        text = 'int a;\n/* one\n two */ const char* s = R"(\n)";\n\nco_await\n  f(P{1});\n'
        self.assertRegex(co_await_shapes.problems_in("a.cpp", text)[0], r"^a\.cpp:6: ")

    def test_ends_on_anything(self):
        whole = " ".join(GOOD_AWAITS + [snippet for snippet, _ in BAD_AWAITS])
        for end in range(0, len(whole), 7):
            co_await_shapes.problems_in("a.cpp", whole[:end])
        co_await_shapes.problems_in("a.cpp", "}}} ))) ]]] {{{ ((( [[[")


class IncludeDirection(unittest.TestCase):
    def problems(self, path, include):
        return include_direction.problems_in(path, f"#pragma once\n{include}\n")

    def test_passes_what_lies_below(self):
        for path, include in [
            ("net/dial.h", '#include "base/result.h"'),
            ("net/dial.cpp", '#include "net/dial.h"'),
            ("protocol/http/head.h", '#include "protocol/http/body.h"'),
            ("gateway/session.cpp", '#include "pki/certificate.h"'),
            ("cli/run.cpp", '#include "control/server.h"'),
            ("main.cpp", '#include "cli/commands.h"'),
            ("base/log.cpp", "#include <fmt/format.h>"),
            ("base/log.cpp", '// #include "net/dial.h"'),
        ]:
            with self.subTest(include, path=path):
                self.assertEqual(self.problems(path, include), [])

    def test_refuses_what_lies_above_or_beside(self):
        for path, include in [
            ("base/log.cpp", '#include "net/dial.h"'),
            ("protocol/http/head.h", '#include "config/model.h"'),
            ("config/load.cpp", '#include "pki/certificate.h"'),
            ("pki/certificate.cpp", ' #  include "protocol/tls/client_hello.h"'),
            ("net/dial.h", '#include "upstream/pool.h"'),
            ("net/tls_stream.h", '#include "pki/tls_context.h"'),
            ("upstream/pool.h", '#include "config/model.h"'),
            ("gateway/session.h", '#include "control/server.h"'),
            ("control/server.h", '#include "cli/commands.h"'),
            ("main.cpp", '#include "gateway/session.h"'),
        ]:
            with self.subTest(include, path=path):
                problems = self.problems(path, include)
                self.assertEqual(len(problems), 1)
                self.assertRegex(problems[0], rf"^proxy/{re.escape(path)}:2: .* must not know ")

    def test_refuses_what_names_no_layer(self):
        self.assertRegex(self.problems("net/dial.cpp", '#include "dial.h"')[0], "names no layer")
        self.assertRegex(self.problems("net/a.cpp", '#include "../net/b.h"')[0], "names no layer")
        self.assertRegex(self.problems("misc/a.cpp", "")[0], "is no layer")


class TrackedFiles(unittest.TestCase):
    def test_passes_what_holds_anywhere(self):
        for text in [
            "a relative home/of/files", "https://example.com/home/page", "$root/work/x", "../work/x",
            "/etc/ssl/certs", "/usr/share/llhttp", "the registry", "the docker image", "~/work/x",
        ]:
            with self.subTest(text):
                self.assertEqual(tracked_files.problems_in("a", text), [])

    def test_refuses_folders_of_one_machine(self):
        for folder in tracked_files.FOLDERS:
            for text in (f"/{folder}/x", f'"/{folder}/x"', f"-I=/{folder}/x"):
                with self.subTest(text):
                    self.assertEqual(len(tracked_files.problems_in("a", "\n" + text)), 1)

    def test_refuses_registries(self):
        for host in tracked_files.HOSTS:
            with self.subTest(host):
                problems = tracked_files.problems_in("a", f'\n\n"https://registry.{host}org/x"')
                self.assertEqual([problem[:4] for problem in problems], ["a:3:"])


if __name__ == "__main__":
    unittest.main()
