//! The top bar, and the help.

use yew::prelude::*;

use super::el::el;
use super::icons::{Icon, icon};
use crate::app::{App, Msg};
use crate::i18n::{Key, Lang};
use crate::platform::{self, Theme};
use crate::share::ShareMsg;

/// Leads past the guide, for those who go by keyboard; nobody else sees it.
fn skip(text: &str) -> Html {
    let go = |_: MouseEvent| {
        let _ = platform::focus_first(".tools button, .card .pick");
    };
    let button = el("button", "skip").attr("type", "button".to_owned()).id("skip");
    button.on_click(Callback::from(go)).text(text).done()
}

impl App {
    pub(super) fn header(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        // The name of a language is written in that language.
        let (other, tag) = match self.lang.other() {
            Lang::En => ("English", "en"),
            Lang::Zh => ("中文", "zh-CN"),
        };
        let (theme, name) = match self.theme {
            Theme::Light => (Icon::Moon, Key::ThemeDark),
            Theme::Dark => (Icon::Sun, Key::ThemeLight),
        };
        html! {
            <header class="top">
                { skip(self.t(Key::SkipToStage)) }
                <h1>{ "Lockstep" }</h1>
                <span class="crumb">{ self.t(Key::Tagline) }</span>
                <span class="gap" />
                { self.live_button(ctx) }
                <button
                    type="button"
                    class="quiet"
                    data-testid="world"
                    aria-expanded={self.world_panel.to_string()}
                    onclick={link.callback(|_| Msg::WorldPanel)}
                >
                    { icon(Icon::World) }<span class="wide">{ self.t(Key::WorldTitle) }</span>
                    <span class="sr narrow">{ self.t(Key::WorldTitle) }</span>
                </button>
                { crate::own::button(self.lang, "file", "quiet") }
                <button
                    type="button"
                    class="quiet"
                    data-testid="restart"
                    onclick={link.callback(|_| Msg::Restart)}
                >
                    { icon(Icon::Restart) }<span class="wide">{ self.t(Key::Restart) }</span>
                    <span class="sr narrow">{ self.t(Key::Restart) }</span>
                </button>
                <button
                    type="button"
                    id="share"
                    class="quiet"
                    data-testid="share"
                    aria-expanded={self.sharing.panel.is_some().to_string()}
                    onclick={link.callback(|_| Msg::Share(ShareMsg::Open))}
                >
                    { icon(Icon::Share) }<span class="wide">{ self.t(Key::Share) }</span>
                    <span class="sr narrow">{ self.t(Key::Share) }</span>
                </button>
                <button
                    type="button"
                    class="quiet"
                    data-testid="lang"
                    lang={tag}
                    onclick={link.callback(|_| Msg::Language)}
                >{ other }</button>
                <button
                    type="button"
                    class="quiet square"
                    data-testid="theme"
                    aria-label={self.t(name)}
                    title={self.t(name)}
                    onclick={link.callback(|_| Msg::Theme)}
                >{ icon(theme) }</button>
                <button
                    type="button"
                    id="help"
                    class="quiet square"
                    data-testid="help"
                    aria-label={self.t(Key::Help)}
                    aria-expanded={self.help.to_string()}
                    title={self.t(Key::Help)}
                    onclick={link.callback(|_| Msg::Help(true))}
                >{ "?" }</button>
            </header>
        }
    }

    pub(super) fn help_dialog(&self, ctx: &Context<Self>) -> Html {
        if !self.help {
            return Html::default();
        }
        let keys = [
            (&["Space"][..], Key::HelpPlay),
            (&["←", "→"], Key::HelpStep),
            (&["Shift ←", "Shift →"], Key::HelpTransition),
            (&["1", "…", "9"], Key::HelpNode),
            (&["Alt ←↑↓→"], Key::HelpMove),
            (&["←↑↓→", "Enter", "Space"], Key::HelpLane),
            (&["?"], Key::HelpHelp),
            (&["Esc"], Key::HelpClose),
        ];
        let rows = keys.iter().map(|(keys, what)| {
            html! {
                <tr>
                    <th scope="row">{ for keys.iter().map(|key| html! { <kbd>{ *key }</kbd> }) }</th>
                    <td>{ self.t(*what) }</td>
                </tr>
            }
        });
        let shapes = [
            (super::icons::Family::Handshake, Key::ShapeHandshake),
            (super::icons::Family::Rdb, Key::ShapeRdb),
            (super::icons::Family::Stream, Key::ShapeStream),
            (super::icons::Family::Ack, Key::ShapeAck),
            (super::icons::Family::Error, Key::ShapeError),
            (super::icons::Family::Client, Key::ShapeClient),
            (super::icons::Family::Control, Key::ShapeControl),
        ];
        let legend = shapes.iter().map(|&(family, what)| {
            html! { <li>{ super::icons::message(family, 64) }<span>{ self.t(what) }</span></li> }
        });
        let close = ctx.link().callback(|_| Msg::Help(false));
        html! {
            <div class="help" role="dialog" aria-modal="true" aria-labelledby="help-title">
                <div class="sheet">
                    <h2 id="help-title">{ self.t(Key::HelpTitle) }</h2>
                    <p>{ self.t(Key::HelpText) }</p>
                    <table>{ for rows }</table>
                    <h3>{ self.t(Key::LegendTitle) }</h3>
                    <ul class="legend">{ for legend }</ul>
                    <button
                        type="button"
                        class="primary"
                        id="help-close"
                        data-testid="help-close"
                        onclick={close}
                    >{ self.t(Key::Close) }</button>
                </div>
            </div>
        }
    }
}
