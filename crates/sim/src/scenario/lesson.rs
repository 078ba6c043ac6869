//! The statements of a lesson, which follow a scenario's script.

use super::lex::{Line, Parsed};
use super::names::Names;
use super::parse::{Parser, is_indented, says_something};
use super::predicate::Predicate;
use super::term::Term;
use super::{Instruction, Scenario, ScenarioError, Statement, TEXT_BYTES_MAX};

/// Most goals, questions and values that a lesson may have.
const ITEMS_MAX: usize = 64;

/// A lesson. See [`crate::lesson`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The world, and the script that leads to the moment at which the learner begins.
    pub start: Scenario,
    /// The names of its nodes, and of the values that it remembers.
    pub names: Names,
    /// Goals, questions, and values to remember, in their order.
    pub items: Vec<Item>,
    /// What reaches all goals, in order.
    pub solution: Vec<Statement>,
    /// The fewest interventions that are known to reach all goals.
    pub best: u32,
    /// Whether the page shows the calculator of the backlog's size.
    pub calculator: bool,
}

/// A part of a lesson's plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// Something to reach.
    Goal(Goal),
    /// Something to predict.
    Question(Question),
    /// A value to remember when the goal before it is reached.
    Let(String, Term),
}

/// Something to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// Its line in the text.
    pub line: u32,
    /// What the texts call it.
    pub name: String,
    /// When it is reached; what happens is counted from the moment at which it became current.
    pub condition: Predicate,
}

/// Something to predict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its line in the text.
    pub line: u32,
    /// What the texts call it.
    pub name: String,
    /// The goal, by its number, at whose moment the answer is known. `None`: at once, in the world
    /// in which it is asked.
    pub until: Option<usize>,
    /// What it asks for.
    pub asks: Asks,
}

/// What a question asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// One of these: what the texts call it, and what makes it right. What happens is counted from
    /// the moment of the question.
    Choice(Vec<(String, Predicate)>),
    /// A number: what this comes to.
    Number(Term),
}

impl Lesson {
    /// The goals, in order.
    pub fn goals(&self) -> impl Iterator<Item = &Goal> {
        self.items.iter().filter_map(|item| match item {
            Item::Goal(goal) => Some(goal),
            _ => None,
        })
    }

    /// The questions, in order.
    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.items.iter().filter_map(|item| match item {
            Item::Question(question) => Some(question),
            _ => None,
        })
    }

    /// How many goals come before question `number`: it is asked when they are reached.
    pub fn asked_after(&self, number: usize) -> usize {
        let mut seen = 0;
        let place = self.items.iter().position(|item| {
            seen += usize::from(matches!(item, Item::Question(_)));
            seen == number + 1
        });
        let before = &self.items[..place.unwrap_or(self.items.len())];
        before.iter().filter(|item| matches!(item, Item::Goal(_))).count()
    }

    /// Interventions of the solution.
    pub fn solution_acts(&self) -> usize {
        let acts = |s: &&Statement| matches!(s.what, Instruction::Do(..) | Instruction::Touch(_));
        self.solution.iter().filter(acts).count()
    }

    /// The start, then the solution: a scenario that reaches all goals.
    pub fn solved(&self) -> Scenario {
        let mut scenario = self.start.clone();
        scenario.script.extend(self.solution.iter().cloned());
        scenario
    }

    /// Reads a lesson.
    ///
    /// # Errors
    /// Where the text is wrong, what would be right there, and what is there.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        if text.len() > TEXT_BYTES_MAX {
            let error = Line::new(1, "").error(&format!("at most {TEXT_BYTES_MAX} bytes"));
            return Err(error);
        }
        let lines = (1..).zip(text.lines()).filter(|(_, text)| says_something(text));
        let mut reader = Reader::new();
        let mut last = 1;
        for (number, text) in lines {
            last = number;
            reader.line(Line::new(number, text), is_indented(text))?;
        }
        reader.finish(last)
    }
}

/// What indented lines belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    Question,
    Solution,
}

struct Reader {
    /// Until the first statement of the lesson.
    start: Option<Parser>,
    /// The start, once it has been read.
    scenario: Option<Scenario>,
    names: Names,
    solution: Option<Parser>,
    items: Vec<Item>,
    /// Of each question, the goal named behind `until`, with its place.
    untils: Vec<Option<(String, ScenarioError)>>,
    best: Option<u32>,
    calculator: bool,
    block: Block,
}

impl Reader {
    fn new() -> Self {
        Self {
            start: Some(Parser::new()),
            scenario: None,
            names: Names::default(),
            solution: None,
            items: Vec::new(),
            untils: Vec::new(),
            best: None,
            calculator: false,
            block: Block::None,
        }
    }

    fn line(&mut self, mut line: Line<'_>, indented: bool) -> Parsed<()> {
        let word = line.peek();
        let mine = !indented && WORDS.contains(&word);
        if let Some(parser) = &mut self.start {
            if !mine || word == "let" {
                return parser.line(line, indented);
            }
            self.end_start(line.number)?;
        }
        if indented {
            return self.indented(line);
        }
        self.block = Block::None;
        if !mine {
            return Err(line.error("goal, question, let, solution, best or calculator"));
        }
        line.eat(word);
        self.statement(word, &mut line)?;
        line.end()
    }

    fn end_start(&mut self, line: u32) -> Parsed<()> {
        let Some(parser) = self.start.take() else { return Ok(()) };
        let (scenario, names) = parser.finish(line)?;
        (self.scenario, self.names) = (Some(scenario), names);
        Ok(())
    }

    fn statement(&mut self, word: &str, line: &mut Line<'_>) -> Parsed<()> {
        if self.items.len() >= ITEMS_MAX {
            return Err(line.error(&format!("at most {ITEMS_MAX} goals and questions")));
        }
        match word {
            "goal" => {
                let (number, name) = (line.number, self.name(line)?);
                let condition = Predicate::read(line, &self.names)?;
                self.items.push(Item::Goal(Goal { line: number, name, condition }));
            }
            "question" => {
                let (number, name) = (line.number, self.name(line)?);
                let until = self.until(line)?;
                let asks = Asks::Choice(Vec::new());
                self.untils.push(until);
                self.items.push(Item::Question(Question { line: number, name, until: None, asks }));
                self.block = Block::Question;
            }
            "let" => {
                let before = *line;
                let name = line.word("a name")?.to_owned();
                if !line.eat_sign("=") {
                    return Err(line.error("`=`"));
                }
                let term = Term::read(line, &self.names)?;
                if !self.names.remember(&name) {
                    return Err(before.error("a name that is not taken, of letters and digits"));
                }
                self.items.push(Item::Let(name, term));
            }
            "best" => {
                let before = *line;
                let best = u32::try_from(line.number("how many interventions")?);
                self.best = Some(best.map_err(|_| before.error("a small number"))?);
            }
            "calculator" => {
                if !line.eat("backlog") {
                    return Err(line.error("backlog"));
                }
                self.calculator = true;
            }
            _ => {
                let names = self.scenario.as_ref().map(Scenario::all_names).unwrap_or_default();
                self.solution = Some(Parser::continuing(names));
                self.block = Block::Solution;
            }
        }
        Ok(())
    }

    /// A name that no other goal or question has.
    fn name(&self, line: &mut Line<'_>) -> Parsed<String> {
        let before = *line;
        let name = line.word("a name")?;
        let taken = self.items.iter().any(|item| match item {
            Item::Goal(Goal { name: known, .. }) | Item::Question(Question { name: known, .. }) => {
                known == name
            }
            Item::Let(..) => false,
        });
        if taken {
            return Err(before.error("a name that no other goal or question has"));
        }
        Ok(name.to_owned())
    }

    /// Until when a question is open: the name of a goal; `now`: not at all. Without a word: until
    /// the next goal.
    fn until(&self, line: &mut Line<'_>) -> Parsed<Option<(String, ScenarioError)>> {
        if line.eat("now") {
            return Ok(None);
        }
        let named = line.eat("until");
        let error = line.error("the name of a goal that comes after the question");
        let name = if named { line.word("the name of a goal")? } else { "" };
        Ok(Some((name.to_owned(), error)))
    }

    fn indented(&mut self, mut line: Line<'_>) -> Parsed<()> {
        match self.block {
            Block::None => Err(line.error(
                "a statement at the beginning of the line: only what belongs to question or \
                 solution is indented",
            )),
            Block::Solution => match &mut self.solution {
                Some(parser) => parser.line(line, false),
                None => Ok(()),
            },
            Block::Question => {
                let Some(Item::Question(question)) = self.items.last_mut() else { return Ok(()) };
                let before = line;
                match (line.word("choice or number")?, &mut question.asks) {
                    ("choice", Asks::Choice(choices)) => {
                        let before = line;
                        let name = line.word("a name")?;
                        if choices.iter().any(|(known, _)| known == name) {
                            return Err(before.error("a name that no other choice has"));
                        }
                        choices.push((name.to_owned(), Predicate::read(&mut line, &self.names)?));
                    }
                    ("number", asks @ Asks::Choice(_)) if *asks == Asks::Choice(Vec::new()) => {
                        *asks = Asks::Number(Term::read(&mut line, &self.names)?);
                    }
                    _ => return Err(before.error("`choice NAME CONDITION`, or one `number TERM`")),
                }
                line.end()
            }
        }
    }

    fn finish(mut self, last: u32) -> Parsed<Lesson> {
        self.end_start(last)?;
        let missing = |what: &str| Line::new(last, "").error(what);
        self.resolve()?;
        let start = self.scenario.ok_or_else(|| missing("a world"))?;
        let solution = self.solution.ok_or_else(|| missing("a solution"))?.statements_read();
        let (names, items, calculator) = (self.names, self.items, self.calculator);
        let mut lesson = Lesson { start, names, items, solution, best: 0, calculator };
        if lesson.goals().next().is_none() {
            return Err(missing("at least one goal (`goal NAME CONDITION`)"));
        }
        lesson.best = self.best.unwrap_or(lesson.solution_acts() as u32);
        Ok(lesson)
    }

    /// Finds the goals that end the questions.
    fn resolve(&mut self) -> Parsed<()> {
        let goals: Vec<String> = self
            .items
            .iter()
            .filter_map(|item| match item {
                Item::Goal(goal) => Some(goal.name.clone()),
                _ => None,
            })
            .collect();
        let (mut before, mut untils) = (0, self.untils.drain(..));
        for item in &mut self.items {
            match item {
                Item::Goal(_) => before += 1,
                Item::Let(..) => {}
                Item::Question(question) => {
                    let line = Line::new(question.line, "");
                    if let Asks::Choice(choices) = &question.asks
                        && choices.len() < 2
                    {
                        return Err(line.error("at least two choices, or a number, below it"));
                    }
                    let Some((name, error)) = untils.next().flatten() else { continue };
                    let later = goals[before..].iter().position(|goal| *goal == name);
                    let until = if name.is_empty() { Some(0) } else { later };
                    let until = until.map(|n| n + before).filter(|n| *n < goals.len());
                    question.until = Some(until.ok_or(error)?);
                }
            }
        }
        Ok(())
    }
}

/// Words that begin a statement of a lesson. `let` is the script's until the first other one.
const WORDS: [&str; 6] = ["goal", "question", "let", "solution", "best", "calculator"];
