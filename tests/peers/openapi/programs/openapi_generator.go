// What a user of the client that openapi-generator makes for Go would write. The argument is the step to take.
package main

import (
	"context"
	"fmt"
	"os"

	outpay "github.com/GIT_USER_ID/GIT_REPO_ID"
)

func check(is bool, what interface{}) {
	if !is {
		panic(fmt.Sprintf("%v", what))
	}
}

func main() {
	configuration := outpay.NewConfiguration()
	configuration.Servers = outpay.ServerConfigurations{{URL: os.Getenv("OUTPAY_URL")}}
	client := outpay.NewAPIClient(configuration)
	business := context.WithValue(context.Background(), outpay.ContextAccessToken, os.Getenv("OUTPAY_KEY"))
	pay := func(name string) string {
		body := *outpay.NewCreateBody(10000, name+"@example.com")
		paid, _, err := client.PayoutsAPI.CreatePayout(business).CreateBody(body).Execute()
		check(err == nil, err)
		return paid.GetHash()
	}
	switch os.Args[1] {
	case "create":
		check(len(pay("a")) == 52, "a hash")
	case "error":
		_, _, err := client.WithdrawalsAPI.GetWithdrawal(business, "ord_unknown").Execute()
		failed, is := err.(*outpay.GenericOpenAPIError)
		check(is, err)
		told, is := failed.Model().(outpay.Error)
		check(is && told.GetCode() == outpay.ERRORCODE_WITHDRAWAL_NOT_FOUND, failed.Model())
	case "pages":
		for _, name := range []string{"b", "c", "d"} {
			pay(name)
		}
		seen, cursor := map[string]bool{}, ""
		for {
			request := client.PayoutUsersAPI.ListUsers(business).Limit(2)
			if cursor != "" {
				request = request.Cursor(cursor)
			}
			page, _, err := request.Execute()
			check(err == nil, err)
			for _, user := range page.Data {
				seen[user.Id] = true
			}
			if !page.HasMore {
				break
			}
			cursor = page.GetNextCursor()
		}
		check(len(seen) >= 3, seen)
	case "withdraw":
		keys := map[string]outpay.APIKey{"payout_hash": {Key: pay("e")}}
		recipient := context.WithValue(context.Background(), outpay.ContextAPIKeys, keys)
		destination := map[string]interface{}{"account": "any text"}
		body := *outpay.NewWithdrawBody(2500, destination, "sandbox")
		made, _, err := client.RecipientAPI.CreateWithdrawal(recipient).WithdrawBody(body).Execute()
		check(err == nil, err)
		check(made.Amount == -2500, made)
	}
	fmt.Println("ok")
}
