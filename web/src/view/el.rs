//! Elements from data: what `html!` would say in more code.

use std::cell::Cell;
use std::rc::Rc;

use yew::html;
use yew::prelude::*;
use yew::virtual_dom::VTag;

use crate::app::{App, Msg};

/// An element that is being built.
pub(crate) struct El(VTag);

/// An element with a class; an empty class is none.
pub(crate) fn el(tag: &'static str, class: &str) -> El {
    let element = El(VTag::new(tag));
    if class.is_empty() { element } else { element.attr("class", class.to_owned()) }
}

/// A text of the catalogue, in which backticks mark code.
pub(crate) fn coded(text: &str) -> Vec<Html> {
    let parts = text.split('`').enumerate();
    parts
        .map(|(place, part)| match place % 2 {
            0 => Html::from(part.to_owned()),
            _ => el("code", "").text(part).done(),
        })
        .collect()
}

impl El {
    pub(crate) fn attr(mut self, name: &'static str, value: String) -> Self {
        self.0.add_attribute(name, value);
        self
    }

    pub(crate) fn id(self, name: &str) -> Self {
        self.attr("data-testid", name.to_owned())
    }

    pub(crate) fn style(self, style: String) -> Self {
        self.attr("style", style)
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.child(Html::from(text.to_owned()))
    }

    pub(crate) fn child(mut self, child: Html) -> Self {
        self.0.add_child(child);
        self
    }

    pub(crate) fn children(mut self, children: Vec<Html>) -> Self {
        self.0.add_children(children);
        self
    }

    pub(crate) fn on_click(mut self, callback: Callback<MouseEvent>) -> Self {
        self.0.add_listener(Rc::new(html::onclick::Wrapper::new(callback)));
        self
    }

    pub(crate) fn on_input(mut self, callback: Callback<InputEvent>) -> Self {
        self.0.add_listener(Rc::new(html::oninput::Wrapper::new(callback)));
        self
    }

    pub(crate) fn on_change(mut self, callback: Callback<Event>) -> Self {
        self.0.add_listener(Rc::new(html::onchange::Wrapper::new(callback)));
        self
    }

    pub(crate) fn done(self) -> Html {
        self.0.into()
    }
}

impl App {
    /// A button that sends a message.
    pub(crate) fn button(&self, ctx: &Context<Self>, class: &str, id: &str, msg: Msg) -> El {
        let cell = Cell::new(Some(msg));
        let onclick = ctx.link().batch_callback(move |_: MouseEvent| cell.take());
        el("button", class).attr("type", "button".to_owned()).id(id).on_click(onclick)
    }

    /// One of several buttons of which one holds.
    pub(crate) fn choice(
        &self,
        ctx: &Context<Self>,
        on: bool,
        id: &str,
        text: &str,
        msg: Msg,
    ) -> Html {
        let class = if on { "seg on" } else { "seg" };
        self.button(ctx, class, id, msg).attr("aria-pressed", on.to_string()).text(text).done()
    }
}
