//! `twin token`: what programs and devices of the owner's deliver files with by themselves.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::table::{Side, Table, plain};
use crate::render::{faint, words};
use crate::trouble::Trouble;
use clap::{Args, Subcommand};
use didymos_base::Did;
use didymos_twin::request::{TokenNew, TokenWhich};
use didymos_twin::response::{TokenShown, TokenState};
use didymos_twin::{Request, Response};

const EXAMPLES: &str = "\
Examples:
  twin token create \"phone\" --days 90
  curl -H \"Authorization: Bearer $TOKEN\" --data-binary @today.csv 'http://localhost:7437/deliver?name=today.csv'
  twin token revoke phone";

/// A token may deliver files to `twin up` and nothing else: it reads nothing, and what it brings can be taken back.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Token {
    /// Make a token; it is shown once
    Create(Create),
    /// List the tokens, and when each delivered last
    List,
    /// End a token at once
    Revoke(Revoke),
}

#[derive(Args)]
pub(crate) struct Create {
    /// What will deliver with it
    name: String,
    /// For how many days it is in force
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=3660))]
    days: u32,
}

#[derive(Args)]
pub(crate) struct Revoke {
    /// Its name, or its DID where several have the name
    token: String,
}

pub(crate) fn run(globals: &Globals, typed: Token) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let tokens = |response| match response {
        Response::Tokens(tokens) => Ok(tokens),
        _ => Err(Trouble::misunderstood()),
    };
    match typed {
        Token::Create(Create { name, days }) => {
            let Response::TokenCreated(made) = reach.ask(&Request::TokenNew(TokenNew { name, days }))? else {
                return Err(Trouble::misunderstood());
            };
            if globals.json {
                output::json(&made)?;
            } else {
                let until = words::time(&made.token.expires);
                let note = faint("It is not shown again. `twin token revoke` ends it at once.");
                output::text(&format!("{}\nIn force until {until}. {note}\n", made.secret))?;
            }
        }
        Token::List => {
            let tokens = tokens(reach.ask(&Request::Tokens)?)?;
            if globals.json {
                output::json(&tokens)?;
            } else {
                output::text(&listed(&tokens, output::width()))?;
            }
        }
        Token::Revoke(Revoke { token }) => {
            let did = which(&tokens(reach.ask(&Request::Tokens)?)?, &token)?;
            let tokens = tokens(reach.ask(&Request::TokenRevoke(TokenWhich { did }))?)?;
            if globals.json {
                output::json(&tokens)?;
            } else {
                output::text(&format!("{} delivers nothing any more.\n", plain(&token)))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// The token that was meant: by DID, or by a name that only one in force has.
fn which(tokens: &[TokenShown], typed: &str) -> Result<Did, Trouble> {
    let named = |token: &&TokenShown| token.name == typed && token.state == TokenState::InForce;
    if let Some(token) = tokens.iter().find(|token| token.did.as_str() == typed) {
        return Ok(token.did.clone());
    }
    match tokens.iter().filter(named).collect::<Vec<_>>().as_slice() {
        [token] => Ok(token.did.clone()),
        [] => Err(Trouble::new(Exit::NotFound, format!("no token in force is called {}", plain(typed)))
            .next("`twin token list` lists them")),
        several => Err(Trouble::new(Exit::Usage, format!("{} tokens are called {}", several.len(), plain(typed)))
            .next("name one by its DID; `twin token list --json` shows them")),
    }
}

fn listed(tokens: &[TokenShown], width: usize) -> String {
    if tokens.is_empty() {
        return "There is no token yet: `twin token create NAME` makes one.\n".to_owned();
    }
    let mut table = Table::new([
        ("name", Side::Left),
        ("made", Side::Left),
        ("in force until", Side::Left),
        ("delivered last", Side::Left),
    ]);
    for token in tokens {
        let until = match token.state {
            TokenState::InForce => words::time(&token.expires),
            TokenState::Expired => "expired".to_owned(),
            TokenState::Revoked => "revoked".to_owned(),
        };
        let last = token.last.as_deref().map_or_else(|| "never".to_owned(), words::time);
        table.row([plain(&token.name), words::time(&token.created), until, last]);
    }
    table.render(width)
}
