//! What people can choose: the products of the provider, for the configured countries, categories and ids, that can be paid in US
//! dollars. Not here: for how long the list is kept (kept.rs).

use super::TremendousConfig;
use super::api::{TremendousApi, TremendousError};
use super::decimal;
use crate::rails::Choice;
use ledger::{Cents, MAX_PAYOUT};
use serde::Deserialize;
use serde_json::Number;
use std::collections::BTreeMap;

/// Choices that a person is shown; others can still be asked for.
const MOST_CHOICES: usize = 200;
/// The order in which categories are shown: what is most like money comes first. All others follow.
const CATEGORIES: [&str; 6] = ["paypal", "venmo", "cash_app", "ach", "international_bank", "visa_card"];

#[derive(Deserialize)]
struct ProductsAnswer {
    products: Vec<ProductAnswer>,
}

#[derive(Deserialize)]
struct ProductAnswer {
    id: String,
    name: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    currency_codes: Vec<String>,
    #[serde(default)]
    countries: Vec<CountryAnswer>,
    #[serde(default)]
    skus: Option<Vec<BandAnswer>>,
}

#[derive(Deserialize)]
struct CountryAnswer {
    abbr: String,
}

#[derive(Deserialize)]
struct BandAnswer {
    min: Number,
    max: Number,
    #[serde(default)]
    currency_code: Option<String>,
}

/// One product, for example `PayPal International`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Product {
    pub id: String,
    /// Unique in the catalogue.
    pub name: String,
    category: String,
    /// The amounts in which it is paid: from, to.
    bands: Vec<(Cents, Cents)>,
}

/// The products, in the order in which they are shown.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    products: Vec<Product>,
}

impl Catalogue {
    /// Reads it from the provider.
    pub async fn fetch(api: &TremendousApi, config: &TremendousConfig) -> Result<Self, TremendousError> {
        let countries = match config.countries.join(",") {
            none if none.is_empty() => none,
            some => format!("&country={some}"),
        };
        let answer: ProductsAnswer = api.get(&format!("/products?currency=USD{countries}")).await?;
        Ok(Self::new(answer, config))
    }

    fn new(answer: ProductsAnswer, config: &TremendousConfig) -> Self {
        let wanted = |list: &[String], word: &String| list.is_empty() || list.contains(word);
        let fits = |product: &ProductAnswer| {
            let in_country = |country: &CountryAnswer| config.countries.contains(&country.abbr);
            super::config::is_id(&product.id)
                && product.currency_codes.iter().any(|code| code == "USD")
                && wanted(&config.categories, &product.category)
                && wanted(&config.products, &product.id)
                && (config.countries.is_empty() || product.countries.iter().any(in_country))
        };
        let mut products: Vec<Product> =
            answer.products.into_iter().filter(fits).filter_map(Product::read).collect();
        let rank = |product: &Product| CATEGORIES.iter().position(|known| *known == product.category);
        products.sort_by_key(|product| {
            let rank = rank(product).unwrap_or(CATEGORIES.len());
            (rank, product.name.clone(), product.id.clone())
        });
        products.dedup_by(|one, other| one.id == other.id);
        name_apart(&mut products);
        Self { products }
    }

    /// The product with this name, or this id.
    pub fn find(&self, wanted: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.name == wanted || product.id == wanted)
    }

    pub fn len(&self) -> usize {
        self.products.len()
    }

    pub fn choices(&self) -> Vec<Choice> {
        let of = |product: &Product| {
            let choice = |(least, most): &(Cents, Cents)| Choice {
                name: product.name.clone(),
                net: *least,
                most: (most > least).then_some(*most),
            };
            product.bands.iter().map(choice).collect::<Vec<_>>()
        };
        self.products.iter().flat_map(of).take(MOST_CHOICES).collect()
    }
}

impl Product {
    /// `None`: there is no amount that it can be paid in.
    fn read(answer: ProductAnswer) -> Option<Self> {
        let bands = match answer.skus {
            // It takes any amount.
            None => vec![(Cents(1), MAX_PAYOUT)],
            Some(bands) => bands.iter().filter_map(BandAnswer::read).collect(),
        };
        // A name is shown to people and stored in destinations: one line of a bounded length.
        let name = crate::line::Line::parse(&answer.name, super::LONGEST_PRODUCT).ok()?;
        let product =
            Self { id: answer.id, name: name.as_str().to_owned(), category: answer.category, bands };
        (!product.bands.is_empty()).then_some(product)
    }

    /// Can it be paid in this amount?
    pub fn takes(&self, net: Cents) -> bool {
        self.bands.iter().any(|(least, most)| (least..=most).contains(&&net))
    }
}

impl BandAnswer {
    fn read(&self) -> Option<(Cents, Cents)> {
        let is_ours = self.currency_code.as_deref().is_none_or(|code| code == "USD");
        let (least, most) =
            (decimal::cents(&self.min)?.max(Cents(1)), decimal::cents(&self.max)?.min(MAX_PAYOUT));
        (is_ours && least <= most).then_some((least, most))
    }
}

/// Of products with one name, each gets its id behind it: a name must say which product is meant.
fn name_apart(products: &mut [Product]) {
    let mut count: BTreeMap<String, u32> = BTreeMap::new();
    for product in &*products {
        *count.entry(product.name.clone()).or_default() += 1;
    }
    for product in products {
        if count[&product.name] > 1 {
            product.name = format!("{} ({})", product.name, product.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn catalogue(products: &Value, more: &str) -> Catalogue {
        let text = format!("api_key_env = \"KEY\"\nfunding_source_id = \"FUND1234\"\n{more}");
        let config = toml::from_str(&text).unwrap();
        let answer = serde_json::from_value(json!({ "products": products })).unwrap();
        Catalogue::new(answer, &config)
    }

    fn product(id: &str, name: &str, category: &str, skus: &Value) -> Value {
        json!({
            "id": id, "name": name, "category": category, "description": "", "disclosure": "", "images": [],
            "currency_codes": ["USD"], "countries": [{ "abbr": "US" }], "skus": skus,
        })
    }

    #[test]
    fn amounts_are_bands_or_single_values() {
        let skus = json!([{ "min": 5, "max": 5 }, { "min": 10.5, "max": 500, "currency_code": "USD" },
            { "min": 1, "max": 9, "currency_code": "EUR" }, { "min": 9, "max": 8 }]);
        let found = catalogue(&json!([product("CARD1", " Book  shop ", "merchant_card", &skus)]), "");
        let card = found.find("Book shop").unwrap();
        assert_eq!(card.bands, [(Cents(500), Cents(500)), (Cents(1_050), Cents(50_000))]);
        let takes = [499, 500, 501, 1_049, 1_050, 50_000, 50_001].map(|net| card.takes(Cents(net)));
        assert_eq!(takes, [false, true, false, false, true, true, false]);
        let choices: Vec<_> = found.choices().into_iter().map(|choice| (choice.net, choice.most)).collect();
        assert_eq!(choices, [(Cents(500), None), (Cents(1_050), Some(Cents(50_000)))]);
        assert_eq!(found.find("CARD1"), Some(card), "by its id too");
        let any = catalogue(&json!([product("PAYPAL1", "PayPal", "paypal", &Value::Null)]), "");
        assert!(any.find("PayPal").unwrap().takes(Cents(1)));
    }

    #[test]
    fn only_what_is_configured_is_offered() {
        let some = json!([{ "min": 1, "max": 9 }]);
        let mut abroad = product("CARD2", "Abroad", "merchant_card", &some);
        abroad["countries"] = json!([{ "abbr": "DE" }]);
        let mut euro = product("CARD3", "Euro", "merchant_card", &some);
        euro["currency_codes"] = json!(["EUR"]);
        let all = json!([
            product("CARD1", "Shop", "merchant_card", &some),
            abroad,
            euro,
            product("VISA1", "Card", "visa_card", &some),
            product("PAYPAL1", "PayPal", "paypal", &some),
            product("EMPTY1", "Empty", "paypal", &json!([])),
            product("a/b", "No id", "paypal", &some),
        ]);
        let names = |more: &str| {
            let found = catalogue(&all, more);
            found.products.iter().map(|product| product.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(""), ["PAYPAL1", "VISA1", "CARD2", "CARD1"], "most like money first");
        assert_eq!(names("countries = [\"US\"]"), ["PAYPAL1", "VISA1", "CARD1"]);
        assert_eq!(names("categories = [\"paypal\"]"), ["PAYPAL1"]);
        assert_eq!(names("products = [\"CARD2\", \"CARD3\"]"), ["CARD2"]);
    }

    #[test]
    fn two_products_of_one_name_can_be_told_apart() {
        let some = json!([{ "min": 1, "max": 9 }]);
        let found = catalogue(
            &json!([product("CARD2", "Shop", "x", &some), product("CARD1", "Shop", "x", &some)]),
            "",
        );
        let names: Vec<&str> = found.products.iter().map(|product| product.name.as_str()).collect();
        assert_eq!(names, ["Shop (CARD1)", "Shop (CARD2)"]);
        assert_eq!(found.find("Shop"), None);
    }
}
