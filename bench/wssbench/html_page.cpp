#include "wssbench/html_page.h"

#include <fmt/format.h>

#include "wssbench/plot.h"

namespace wssgate::bench {
namespace {

// No script and no network: a report can be opened anywhere, and mailed.
constexpr std::string_view kPolicy = "default-src 'none'; style-src 'unsafe-inline'";

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --ink: #16191d; --soft: #5b6470;
  --edge: #dfe3e8; --c0: #0b62c4; --c1: #c2570c; --c2: #7a3fb5; --bad: #b3261e; --good: #1a7f37; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #101317; --card: #181c22; --ink: #e8ebef; --soft: #9aa4b1; --edge: #2b323b;
    --c0: #6cb2ff; --c1: #ffa657; --c2: #cf9dff; --bad: #ff8078; --good: #63d37f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.25rem; max-width: 76rem; background: var(--ground);
  color: var(--ink); font: 16px/1.45 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { margin: 0 0 .5rem; font-size: 1.05rem; }
.about { margin: .25rem 0 1rem; color: var(--soft); overflow-wrap: anywhere; }
.grid-of { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.tiles { display: grid; gap: .75rem; margin-bottom: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); }
.tile, section { background: var(--card); border: 1px solid var(--edge); border-radius: .6rem; padding: .9rem; }
.tile b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums; }
.tile span, caption, .legend { color: var(--soft); font-size: .9rem; }
.bad b, td.bad { color: var(--bad); } .good b { color: var(--good); }
.warn { border: 2px solid var(--bad); border-radius: .6rem; padding: .75rem .9rem; margin: 0 0 1rem; background: var(--card); }
.warn ul { margin: .25rem 0 0; padding-left: 1.2rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--edge); fill: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); } .line.c2 { stroke: var(--c2); }
.area.c0, .bar.c0 { fill: var(--c0); } .area { opacity: .15; }
.dot { opacity: 0; } .dot:hover { opacity: 1; }
.dot.c0, i.c0 { fill: var(--c0); background: var(--c0); }
.dot.c1, i.c1 { fill: var(--c1); background: var(--c1); }
.dot.c2, i.c2 { fill: var(--c2); background: var(--c2); }
.legend { margin: 0 0 .25rem; } .legend span { margin-right: 1rem; white-space: nowrap; }
.legend i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .35em; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
td, th { padding: .3rem .5rem; border-top: 1px solid var(--edge); text-align: left; overflow-wrap: anywhere; }
th { font-weight: 500; color: var(--soft); white-space: nowrap; vertical-align: top; }
th.reason { white-space: normal; color: var(--ink); } td.number, th.number { text-align: right; white-space: nowrap; }
details { margin-top: .5rem; } summary { cursor: pointer; color: var(--soft); }
summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; }
.scroll { max-height: 20rem; overflow: auto; }
)";

}  // namespace

std::string html_page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">"
      "<title>{}</title><style>{}</style></head>\n<body>{}</body></html>\n",
      kPolicy, escape_html(title), kStyle, body);
}

}  // namespace wssgate::bench
