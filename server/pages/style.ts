/**
 * The style of all pages, in one sheet that is sent with each: no further request, and its hash in the
 * content security policy. `theme.ts` puts the accents before it, which follow the configured colour.
 * Colours are chosen for a contrast of 4.5 for text and 3 for the edges of controls in both schemes
 * (WCAG 2.2 §1.4.3, §1.4.11).
 */
export const STYLE = `
:root {
  color-scheme: light dark;
  --text: #18202b; --soft: #55606f; --back: #eef1f6; --card: #fff; --line: #dce2ea; --edge: #78859a;
  --field: #fff; --code: #f4f6fa; --shadow: 0 1px 2px #10182814, 0 12px 32px -12px #10182826;
  --good: #17692f; --good-back: #e7f6ec; --warn: #7d4a00; --warn-back: #fdf3dc; --bad: #b3231c; --bad-back: #fdecea;
  --grid: #18202b0b; --radius: .5rem;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e8ecf2; --soft: #a3afbf; --back: #0e1319; --card: #1a212b; --line: #2d3744; --edge: #728095;
    --field: #121820; --code: #121820; --shadow: 0 1px 2px #0006, 0 16px 40px -16px #000a;
    --good: #7bd694; --good-back: #14301f; --warn: #f2c063; --warn-back: #33270f; --bad: #ff9d94; --bad-back: #3b1b1a;
    --grid: #ffffff08;
  }
}
*, ::before, ::after { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column; color: var(--text);
  background: var(--back) linear-gradient(var(--grid) 1px, #0000 1px) 0 -1px / 3rem 3rem;
  background-image: linear-gradient(var(--grid) 1px, #0000 1px), linear-gradient(90deg, var(--grid) 1px, #0000 1px);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
}
h1, h2, h3, p, ul, ol, dl, pre, form, fieldset, figure { margin: 0 0 1rem }
h1 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -.015em; overflow-wrap: anywhere }
h2 { font-size: 1.125rem; line-height: 1.3 }
h3 { font-size: 1rem; line-height: 1.4 }
a { color: var(--accent); text-underline-offset: .15em; text-decoration-thickness: 1px }
a:hover { text-decoration-thickness: 2px }
strong { font-weight: 600; overflow-wrap: anywhere }
:focus { outline: none }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.skip { position: absolute; left: 1rem; top: -4rem; z-index: 1; padding: .6rem 1rem; background: var(--card); border-radius: var(--radius) }
.skip:focus { top: 1rem }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }

.bar { background: var(--card); border-bottom: 1px solid var(--line) }
.bar-inner { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; max-width: 64rem; margin: 0 auto; padding: .6rem 1.25rem }
.brand { display: inline-flex; align-items: center; gap: .6rem; color: inherit; font-size: 1.0625rem; font-weight: 650; letter-spacing: -.01em; text-decoration: none }
.brand svg, .brand img { display: block; height: 2rem; width: auto; max-width: 12rem }
.mark-ground { fill: var(--accent) }
.mark-lines { fill: none; stroke: var(--on-accent) }
.bar nav { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem; flex: 1 }
.bar nav a { padding: .5rem .75rem; border-radius: var(--radius); color: var(--soft); font-weight: 500; text-decoration: none }
.bar nav a:hover { color: var(--text); background: var(--code) }
.bar nav a[aria-current] { color: var(--text); background: var(--tint) }
.person { display: flex; align-items: center; gap: .5rem 1rem; flex-wrap: wrap; color: var(--soft); font-size: .9375rem; min-width: 0 }
.person-name { max-width: 14rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }

.frame { flex: 1; width: 100%; margin: 0 auto; padding: 2.5rem 1.25rem 2rem }
.narrow .frame, .medium .frame { display: flex; flex-direction: column; align-items: center }
@media (min-width: 30.01rem) { .narrow .frame, .medium .frame { padding-top: clamp(1.5rem, 9vh, 6rem) } }
.frame > .brand { margin-bottom: 1.5rem }
.narrow main { width: 100%; max-width: 27rem }
.medium main { width: 100%; max-width: 36rem }
.wide .frame { max-width: 64rem }
.narrow main, .medium main, .part { padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: .875rem; box-shadow: var(--shadow) }
main > :last-child, .part > :last-child, .after > :last-child, .meeting p, .detail > :last-child, .card-body > :last-child, .notice > :last-child, form > :last-child { margin-bottom: 0 }
.lead { color: var(--soft) }
h1 + .lead { margin-top: -.5rem }
.wide h1 { font-size: 1.75rem }
.tabs { display: flex; flex-wrap: wrap; gap: .25rem; margin: 0 0 1.5rem; border-bottom: 1px solid var(--line) }
.tabs a { margin-bottom: -1px; padding: .6rem .85rem; border-bottom: 3px solid #0000; color: var(--soft); font-weight: 500; text-decoration: none }
.tabs a:hover { color: var(--text); border-color: var(--edge) }
.tabs a[aria-current] { color: var(--text); border-color: var(--accent) }
.part { margin-bottom: 1.5rem; padding: 1.5rem }
.part-head { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .5rem 1rem; margin-bottom: 1rem }
.part-head h2 { margin: 0 }
footer { display: flex; flex-wrap: wrap; justify-content: center; gap: .25rem 1.25rem; padding: 1rem 1.25rem 1.5rem; color: var(--soft); font-size: .875rem; text-align: center }
footer a { color: inherit }

.field { margin: 0 0 1.25rem; padding: 0; border: 0; min-width: 0 }
label, legend { display: block; padding: 0; font-weight: 600; font-size: .9375rem }
.field > label, legend { margin-bottom: .375rem }
.hint { margin: -.125rem 0 .375rem; color: var(--soft); font-size: .875rem; font-weight: 400; line-height: 1.45 }
.fault { margin: 0 0 .375rem; color: var(--bad); font-size: .9rem; font-weight: 600; line-height: 1.4 }
input, select, textarea {
  display: block; width: 100%; min-height: 2.875rem; padding: .6rem .8rem; color: var(--text); background: var(--field);
  border: 1px solid var(--edge); border-radius: var(--radius); font: inherit; line-height: 1.4
}
input:focus-visible, select:focus-visible, textarea:focus-visible { outline-offset: 0; border-color: var(--accent) }
textarea { resize: vertical }
::placeholder { color: var(--soft); opacity: 1 }
.wrong input, .wrong select, .wrong textarea { border: 2px solid var(--bad); padding: calc(.6rem - 1px) calc(.8rem - 1px) }
input.code { font: 1.25rem/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; letter-spacing: .12em }
input[type=file] { padding: .55rem .8rem }
input[type=checkbox], input[type=radio] { display: inline-block; flex: none; width: 1.25rem; height: 1.25rem; min-height: 0; margin: .1rem 0 0; padding: 0; accent-color: var(--accent) }
.choice { display: flex; gap: .65rem; padding: .4rem 0 }
.choice label { font-weight: 500 }
.choice .hint { display: block; margin: .1rem 0 0 }

.button, button:not([class]) {
  display: inline-flex; align-items: center; justify-content: center; gap: .5rem; min-height: 2.875rem; padding: .55rem 1.15rem; border: 1px solid #0000;
  border-radius: var(--radius); font: inherit; font-weight: 600; line-height: 1.3; text-align: center; text-decoration: none; cursor: pointer
}
button:not([class]), .button.primary { background: var(--accent); color: var(--on-accent) }
button:not([class]):hover, .button.primary:hover { background: var(--accent-strong) }
.button.plain { background: var(--card); color: var(--text); border-color: var(--edge) }
.button.plain:hover { background: var(--code) }
.button.danger { background: var(--card); color: var(--bad); border-color: currentColor }
.button.danger:hover { background: var(--bad-back) }
.button.link { min-height: 0; padding: .25rem 0; border: 0; border-radius: .2rem; background: none; color: var(--accent); font-weight: 500; text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: .15em }
.button.link:hover { text-decoration-thickness: 2px }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin: 0 0 1rem }
.narrow .buttons > .button, .narrow form > .button, .medium .buttons > .button { flex: 1 1 10rem }
.narrow main > .button, .narrow form:not(.inline) > button:not(.link) { width: 100% }
form.inline { display: inline-block; margin: 0 }
.after { margin: 1.5rem 0 0; padding-top: 1.25rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .9375rem }
.after p { margin-bottom: .35rem }
.after > p:last-child { margin-bottom: 0 }

.notice { margin: 0 0 1.25rem; padding: .8rem 1rem; border-radius: var(--radius); border-left: 4px solid var(--accent); background: var(--tint); overflow-wrap: anywhere }
.notice p, .notice ul { margin-bottom: .35rem }
.notice ul { padding-left: 1.1rem }
.notice-title { font-weight: 600 }
.notice.success { border-color: var(--good); background: var(--good-back) }
.notice.warning { border-color: var(--warn); background: var(--warn-back) }
.notice.error { border-color: var(--bad); background: var(--bad-back) }
.notice.error a { color: var(--bad) }

dl > div { padding: .6rem 0; border-top: 1px solid var(--line) }
dl > div:first-child { border-top: 0 }
dt, .term { color: var(--soft); font-size: .875rem; font-weight: 500 }
dd { margin: 0; overflow-wrap: anywhere }
dd > :last-child { margin-bottom: 0 }
code, pre { font: .875rem/1.55 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace }
pre { padding: .9rem 1rem; background: var(--code); border: 1px solid var(--line); border-radius: var(--radius); overflow-x: auto }
.copyable { display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: start; gap: 0 .5rem; margin: 0 0 1rem }
.copyable > * { grid-column: 1 / -1 }
.copyable > code:not(:last-child), .copyable > button { grid-column: auto }
.copyable > button { margin-top: .25rem; min-width: 5.5rem }
.button.small { min-height: 2.625rem; padding: .35rem .8rem; font-size: .9375rem }
code.copy + .button { display: flex; min-width: 5rem; min-height: 2.125rem; margin-top: .375rem }
.copyable code, dd > code { display: block; margin-top: .25rem; padding: .6rem .8rem; background: var(--code); border: 1px solid var(--line); border-radius: var(--radius); overflow-wrap: anywhere; user-select: all }
code.copy { display: inline-block; max-width: 100%; padding: .15rem .45rem; background: var(--code); border: 1px solid var(--line); border-radius: .35rem; overflow-wrap: anywhere; user-select: all }
details { margin: 0 0 .5rem }
summary { color: var(--accent); cursor: pointer }
.codes { display: grid; grid-template-columns: repeat(auto-fill, minmax(12.5rem, 1fr)); gap: .5rem; padding: 0; list-style: none }
.codes code { display: block; padding: .5rem; white-space: nowrap; background: var(--code); border: 1px solid var(--line); border-radius: var(--radius); text-align: center }

.cards { display: grid; gap: .75rem; padding: 0; list-style: none }
.card { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: flex-start; padding: 1rem 1.1rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem }
.card-body { flex: 1 1 14rem; min-width: 0 }
.card h3 { margin: 0 0 .25rem; overflow-wrap: anywhere }
.card p { margin: 0 0 .25rem; color: var(--soft); font-size: .9375rem; overflow-wrap: anywhere }
.card-actions { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center }
.badge { display: inline-block; margin-left: .35rem; padding: .1rem .5rem; border-radius: 1rem; background: var(--code); border: 1px solid var(--line); color: var(--soft); font-size: .75rem; font-weight: 600; line-height: 1.5; vertical-align: .1em; white-space: nowrap }
.badge.good { color: var(--good); background: var(--good-back); border-color: #0000 }
.badge.warning { color: var(--warn); background: var(--warn-back); border-color: #0000 }
.badge.bad { color: var(--bad); background: var(--bad-back); border-color: #0000 }
.table { position: relative; margin: 0 0 1rem; overflow-x: auto; border: 1px solid var(--line); border-radius: var(--radius) }
table { width: 100%; border-collapse: collapse; font-size: .9375rem }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
th, td { padding: .65rem .9rem; text-align: left; vertical-align: top }
th { color: var(--soft); font-size: .8125rem; font-weight: 600; background: var(--code); white-space: nowrap }
tbody tr { border-top: 1px solid var(--line) }
td .buttons { flex-wrap: nowrap; margin: 0 }
td form.inline { display: flex; gap: .5rem }
td select { width: auto; min-height: 2.5rem; padding: .35rem .6rem }
td .button { min-height: 2.5rem; padding: .35rem .8rem }
td .button.link { min-height: 0; padding: 0 }
td details { margin: 0; min-width: 6rem }
td code.copy { min-width: 12rem }
td details code.copy { min-width: 16rem }
td > .badge:first-child { margin-left: 0 }
details > form { margin-top: .75rem }
.empty { margin: 0 0 1rem; padding: 2rem 1rem; border: 1px dashed var(--edge); border-radius: .75rem; color: var(--soft); text-align: center }
.empty > :last-child { margin-bottom: 0 }
.monogram, .picture { flex: none; display: inline-grid; place-items: center; width: 3rem; height: 3rem; border-radius: .75rem; object-fit: contain }
.monogram { background: var(--tint); color: var(--text); font-weight: 700; letter-spacing: .02em }
.picture { background: #fff; border: 1px solid var(--line) }
.meeting { display: flex; gap: 1rem; align-items: center; margin-bottom: 1.25rem }
.meeting h1 { margin: 0 0 .15rem; font-size: 1.375rem }
.meeting p { margin: 0 }
.detail { margin: 0 0 1.25rem; padding: 1.1rem 1.25rem; border: 1px solid var(--line); border-radius: .75rem }
.detail h2 { margin: 0 0 .25rem; font-size: 1rem }
.detail .sketch { margin-bottom: .5rem }
.whoami { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .6rem; margin: 0 0 1rem; color: var(--soft); font-size: .9375rem; overflow-wrap: anywhere }
.whoami .button.link { min-height: 0; font-size: inherit }
.grants { padding: 0; list-style: none }
.grants li { display: flex; gap: .75rem; padding: .6rem 0; border-top: 1px solid var(--line) }
.grants li:first-child { border-top: 0 }
.grants svg { flex: none; width: 1.25rem; height: 1.25rem; margin-top: .125rem; color: var(--accent) }
.grants code { color: var(--soft); font-size: .8125rem }
.sketch { margin: .5rem 0 1rem }
.sketch svg { display: block; width: 100%; height: auto; background: var(--code); border: 1px solid var(--line); border-radius: var(--radius) }
figcaption { margin-top: .4rem }
.sketch .lines { stroke: var(--line) }
.sketch .area { fill: var(--accent); fill-opacity: .18; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round }
.way { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1.5rem }
.look { margin: 0 0 .5rem; color: var(--soft); font-size: .9375rem }
.look[open] { flex-basis: 100%; max-width: 36rem; order: 1; margin-bottom: 1.5rem; color: inherit }
.crumbs ol { display: flex; flex-wrap: wrap; gap: .15rem .5rem; margin: 0 0 .5rem; padding: 0; list-style: none; font-size: .9375rem; overflow-wrap: anywhere }
.crumbs li { color: var(--soft); min-width: 0 }
.crumbs li + li::before { content: "/"; margin-right: .5rem; color: var(--edge) }
.map { height: clamp(16rem, 52vh, 30rem); margin: 0 0 1.5rem; overflow: hidden; background: var(--back); border: 1px solid var(--line); border-radius: .875rem; font: inherit }
.map[hidden] { display: none }
.wide .part li > code { overflow-wrap: anywhere }
.wide main > .table, .wide main > .empty { background: var(--card) }
.map .maplibregl-popup { color: #18202b }
.map .maplibregl-ctrl.maplibregl-ctrl-attrib { background: var(--card); color: var(--soft) }
figcaption, .soft { color: var(--soft); font-size: .875rem }
main .button + .request-id, main pre + .request-id { margin-top: 1.25rem }
.narrow pre { white-space: pre-wrap; overflow-wrap: anywhere }
.wide .part .field, .wide .part .notice { max-width: 40rem }
.request-id { font-size: .8125rem; color: var(--soft); overflow-wrap: anywhere }

@media (max-width: 30rem) {
  .frame { padding: 1.25rem 1rem }
  .narrow main, .medium main { padding: 1.5rem 1.25rem }
  .part { padding: 1.25rem 1rem }
  .bar-inner { padding: .6rem 1rem }
  .bar nav { order: 3; flex-basis: 100% }
  .person { margin-left: auto }
  .person-name { max-width: 7.5rem }
  .card-actions { width: 100% }
}
@media (prefers-reduced-motion: no-preference) { .button, .bar nav a { transition: background-color .12s } }
@media (forced-colors: active) { .button { border-color: ButtonText } .notice { border: 1px solid; border-left-width: 4px } }
`
